import { type Kysely, sql } from 'kysely';
import { isServiceError, ServiceError } from '#errors';
import type { Logger } from '#observability';
import type { Engine } from '../engine/engine.ts';
import type { Tables } from '../tables.ts';
import { type AppliedMigration, assess } from './assess.ts';
import { MIGRATIONS_DIRECTORY, type MigrationFile, readMigrations } from './files.ts';
import { LOCK_PATIENCE_MS, metALock, untilLocksAreFree } from './lock-patience.ts';
import type { MigrationStatus, Migrations } from './status.ts';

export interface MigrationDependencies {
  readonly engine: Engine;
  readonly logger: Logger;
  readonly now: () => Date;
  /** What belongs to each migration but is no file; in its transaction, so that nobody finds one without the other. */
  readonly withEach: (transaction: Kysely<Tables>) => Promise<void>;
  /** What follows each `up`, whether or not it had something to apply. */
  readonly afterUp: (db: Kysely<Tables>) => Promise<void>;
  readonly directory?: string;
}

const LOCK_NAME = 'auth_service_data.migrations';

/** What other parts of storage may do besides. */
export interface MigrationsWithin extends Migrations {
  /** As `up`, in a transaction of somebody else's, without what follows, and waiting for locks as long as it takes. */
  upWithin(transaction: Kysely<Tables>, options?: { readonly to?: number }): Promise<void>;
}

export function createMigrations(dependencies: MigrationDependencies): MigrationsWithin {
  const { engine, logger, afterUp, directory = MIGRATIONS_DIRECTORY } = dependencies;
  const files = readMigrations(directory);
  const filesUpTo = (to = Number.POSITIVE_INFINITY) => files.filter(({ version }) => version <= to);
  const status = async (db: Kysely<Tables>) => assess(files, await readApplied(db));

  return {
    status: () => status(engine.db),
    up: ({ to } = {}) =>
      engine.withSchemaDatabase(async (db) => {
        const applied: number[] = [];
        for (const file of filesUpTo(to)) {
          const sayWhy = () => logger.warning(`${titleOf(file)} waits for a lock that somebody else holds`);
          const attempt = () =>
            db
              .transaction()
              .execute((transaction) =>
                applyOne(transaction, files, file, { ...dependencies, isPatient: false }),
              );
          if (await untilLocksAreFree(attempt, sayWhy)) applied.push(file.version);
        }
        refuseUnless(await status(db));
        await afterUp(db);
        return { applied, status: await status(db) };
      }),
    async upWithin(transaction, { to } = {}) {
      for (const file of filesUpTo(to)) {
        await applyOne(transaction, files, file, { ...dependencies, isPatient: true });
      }
      refuseUnless(await status(transaction));
    },
  };
}

type ApplyOptions = Pick<MigrationDependencies, 'now' | 'withEach'> & {
  /** Waits for the locks of others. */
  readonly isPatient: boolean;
};

/** @returns false when it was there already, be it by another process a moment ago. */
async function applyOne(
  transaction: Kysely<Tables>,
  files: readonly MigrationFile[],
  file: MigrationFile,
  { now, withEach, isPatient }: ApplyOptions,
): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${LOCK_NAME}, 0))`.execute(transaction);
  const applied = await readApplied(transaction);
  refuseUnless(assess(files, applied));
  if (applied.some(({ version }) => version === file.version)) return false;
  try {
    if (!isPatient) await sql`set local lock_timeout = ${sql.lit(LOCK_PATIENCE_MS)}`.execute(transaction);
    await runScript(transaction, file.sql);
    const { version, name, checksum, compatibleFrom } = file;
    await transaction
      .insertInto('schema_migrations')
      .values({ version, name, checksum, compatible_from: compatibleFrom, applied_at: now() })
      .execute();
    await withEach(transaction);
  } catch (error) {
    throw failureOf(file, error);
  }
  return true;
}

/** What PostgreSQL says of a script is about no request, so that the words for requests would mislead. */
function failureOf(file: MigrationFile, error: unknown): unknown {
  if (isServiceError(error, 'database_unavailable') && !metALock(error)) return error;
  return new ServiceError('migration_failed', `${titleOf(file)} failed; nothing of it was applied.`, {
    cause: isServiceError(error) ? (error.cause ?? error) : error,
  });
}

/** As its file is called: `Migration 0002_people`. */
function titleOf({ version, name }: MigrationFile): string {
  return `Migration ${String(version).padStart(4, '0')}_${name}`;
}

/** As one statement, since that is all the extended protocol takes. */
async function runScript(transaction: Kysely<Tables>, script: string): Promise<void> {
  const body = `begin execute ${quote(script)}; end`;
  await sql.raw(`do ${quote(body)}`).execute(transaction);
}

function quote(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

async function readApplied(db: Kysely<Tables>): Promise<AppliedMigration[]> {
  const { rows } = await sql<{ exists: boolean }>`
    select exists (
      select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'auth_service_data' and c.relname = 'schema_migrations'
    ) as exists`.execute(db);
  if (rows[0]?.exists !== true) return [];
  const found = await db.selectFrom('schema_migrations').selectAll().orderBy('version').execute();
  return found.map((row) => ({
    version: row.version,
    name: row.name,
    checksum: row.checksum,
    compatibleFrom: row.compatible_from,
    appliedAt: row.applied_at,
  }));
}

function refuseUnless({ state }: MigrationStatus): void {
  if (state === 'altered') throw new ServiceError('migration_altered');
  if (state === 'incompatible') throw new ServiceError('schema_incompatible');
}
