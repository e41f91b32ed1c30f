import { SealError, sha256 } from '#crypto';
import { ServiceError } from '#errors';
import type { TransactionStores } from '#storage';
import type { ArchiveSummary, BackupDependencies, Backups, ReadOptions, RestoreOptions } from './index.ts';
import { whatIsLeftOut } from './left-out.ts';
import { FORMAT, FORMAT_VERSION } from './manifest.ts';
import { type CheckedArchive, checkArchive, readRows } from './read-archive.ts';
import { type WriteOptions, writeArchive } from './write-archive.ts';

const SEALED_AS = 'backup-manifest';
const AUDIT = 'auth_service_data.audit_events';
const OPERATOR = { type: 'system', id: null } as const;

export function createBackups(dependencies: BackupDependencies): Backups {
  const { storage, audit, revocations, sealer, passphrase, about, now } = dependencies;

  async function check(file: string, { newKeys = false }: ReadOptions): Promise<CheckedArchive> {
    const checked = await checkArchive(file, passphrase);
    const { format_version: version } = checked.manifest;
    if (version > FORMAT_VERSION) {
      throw new ServiceError(
        'archive_too_new',
        `This archive has format ${version}, and this program reads ${FORMAT_VERSION}. Restore it with the version that made it, or a newer one.`,
      );
    }
    if (!newKeys) requireKeys(checked);
    await requireSchema(checked.manifest.schema_version);
    return checked;
  }

  async function requireSchema(version: number): Promise<void> {
    const { expected } = await storage.migrations.status();
    if (version <= expected) return;
    throw new ServiceError(
      'archive_too_new',
      `The archive is of schema ${version}, and this program knows ${expected}. Restore it with the version that made it, or a newer one.`,
    );
  }

  /** Whoever can write where archives are kept could put an administrator of their own into one. */
  function requireKeys({ seal, manifestBytes, manifest }: CheckedArchive): void {
    try {
      if (sealer.open(seal, SEALED_AS).equals(sha256(manifestBytes))) {
        const unknown = manifest.encryption_keys.find((key) => !sealer.fingerprints.includes(key));
        if (unknown !== undefined) throw new SealError('unknown_key', unknown);
        return;
      }
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      if (error.reason === 'unknown_key') throw keyMismatch(error);
    }
    throw new ServiceError(
      'archive_damaged',
      'This archive is not what its maker sealed: it was altered. Nothing was changed. Take another archive.',
    );
  }

  function keyMismatch({ fingerprint }: SealError): ServiceError {
    return new ServiceError(
      'encryption_key_mismatch',
      `This archive belongs to the encryption key with the fingerprint ${fingerprint}, and the one configured is ${sealer.fingerprint}. ` +
        'Set ENCRYPTION_KEY, or ENCRYPTION_KEY_PREVIOUS beside a new one, to that key (of an embedded database: encryptionKey in .data/secrets.json). ' +
        'If it is lost, and you trust this file, restore without the signing keys: --new-keys',
    );
  }

  return {
    create: async (sink, { withAudit = true, withSupabaseAuth = false } = {}) => {
      const createdAt = now();
      const summary = await storage.archive
        .read({ withAudit, withSupabaseAuth }, async (snapshot) => {
          const head: WriteOptions['about'] = {
            format: FORMAT,
            format_version: FORMAT_VERSION,
            created_at: createdAt.toISOString(),
            product_version: about.productVersion,
            schema_version: snapshot.schemaVersion,
            database: about.database,
            identity: about.identity,
            left_out: whatIsLeftOut({ withAudit, withSupabaseAuth, identity: about.identity }),
          };
          const seal = (manifest: Buffer) => sealer.seal(sha256(manifest), SEALED_AS);
          const manifest = await writeArchive(snapshot, sink, { passphrase, about: head, seal, createdAt });
          return summaryOf({ manifest, isEncrypted: passphrase !== null });
        })
        .catch(async (error: unknown) => {
          if (!sink.locked) await sink.abort(error).catch(() => undefined);
          throw error;
        });
      const rows = summary.tables.reduce((sum, table) => sum + table.rows, 0);
      audit.enqueue({
        action: 'backup.created',
        actor: OPERATOR,
        detail: { rows, encrypted: summary.isEncrypted, with_supabase_auth: withSupabaseAuth },
      });
      return summary;
    },

    inspect: async (file, options = {}) => summaryOf(await check(file, options)),

    async restore(file, options = {}) {
      const checked = await check(file, options);
      const tables = checked.manifest.tables.filter(({ name }) => !isLeft(name, options));
      const finish = async (stores: TransactionStores, inserted: ReadonlyMap<string, number>) => {
        for (const { name, rows } of tables) {
          if (name !== AUDIT && (inserted.get(name) ?? 0) !== rows) {
            throw new ServiceError(
              'archive_misfit',
              `Not all rows of ${name} could be put in. Nothing was changed.`,
            );
          }
        }
        await revocations.revoke(stores, { kind: 'all', expiresAt: null });
        const { created_at, product_version } = checked.manifest;
        await audit.record(stores, {
          action: 'backup.restored',
          actor: OPERATOR,
          detail: { created_at, product_version, new_keys: options.newKeys ?? false },
        });
      };
      const restored = await storage.archive.replace({
        schemaVersion: checked.manifest.schema_version,
        tables,
        portions: withoutLeft(readRows(file, passphrase, checked), options),
        force: options.force ?? false,
        finish,
      });
      return { ...summaryOf(checked), restored };
    },
  };
}

function isLeft(table: string, { newKeys = false, withoutSupabaseAuth = false }: RestoreOptions): boolean {
  return (newKeys && table.endsWith('.signing_keys')) || (withoutSupabaseAuth && table.startsWith('auth.'));
}

async function* withoutLeft<T extends { readonly table: string }>(
  portions: AsyncIterable<T>,
  options: RestoreOptions,
): AsyncGenerator<T> {
  for await (const portion of portions) if (!isLeft(portion.table, options)) yield portion;
}

function summaryOf({
  manifest,
  isEncrypted,
}: Pick<CheckedArchive, 'manifest' | 'isEncrypted'>): ArchiveSummary {
  return {
    createdAt: new Date(manifest.created_at),
    productVersion: manifest.product_version,
    schemaVersion: manifest.schema_version,
    database: manifest.database,
    identity: manifest.identity,
    isEncrypted,
    tables: manifest.tables.map(({ name, rows }) => ({ name, rows })),
    leftOut: manifest.left_out,
  };
}
