/**
 * backup: everything that is ours in one file, and back again. Owns the form of the archive (a compressed tar of JSON
 * lines with a manifest, encrypted with a passphrase where there is one), its checks, and what a restore must cut off.
 * May use: storage's archive for the rows, revocation for the cut, audit, crypto. Does not: know what a table means, open
 * databases, or decide when a backup is due.
 */
import type { Audit } from '#audit';
import type { Sealer } from '#crypto';
import type { Revocations } from '#revocation';
import type { Storage } from '#storage';

export { createBackups } from './create-backups.ts';
export { archiveName, type KeptArchive, listArchives, removeOldArchives, writeWhole } from './folder.ts';

export interface BackupDependencies {
  readonly storage: Pick<Storage, 'archive' | 'migrations'>;
  readonly audit: Pick<Audit, 'record' | 'enqueue'>;
  readonly revocations: Pick<Revocations, 'revoke'>;
  /** Marks archives as made by whoever holds the encryption key, so that nobody else's is restored. */
  readonly sealer: Sealer;
  /** null: archives are not encrypted. */
  readonly passphrase: string | null;
  readonly about: {
    readonly productVersion: string;
    readonly database: 'postgres' | 'embedded';
    readonly identity: 'supabase' | 'embedded';
  };
  readonly now: () => Date;
}

export interface CreateOptions {
  /** Who did what. Default true. */
  readonly withAudit?: boolean;
  /** Accounts of Supabase Auth as well, from its schema `auth` of the same database. Default false. */
  readonly withSupabaseAuth?: boolean;
}

/** What an archive says of itself. */
export interface ArchiveSummary {
  readonly createdAt: Date;
  readonly productVersion: string;
  readonly schemaVersion: number;
  readonly database: 'postgres' | 'embedded';
  readonly identity: 'supabase' | 'embedded';
  readonly isEncrypted: boolean;
  /** In the order in which they are put back. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** Sentences saying what the archive has not. */
  readonly leftOut: readonly string[];
}

export interface ReadOptions {
  /** The encryption key of the archive is lost: trusts the archive unproved, and leaves its signing keys out. */
  readonly newKeys?: boolean;
}

export interface RestoreOptions extends ReadOptions {
  /** Replaces what is there. */
  readonly force?: boolean;
  /** Leaves the accounts of Supabase Auth out. */
  readonly withoutSupabaseAuth?: boolean;
}

export interface RestoreSummary extends ArchiveSummary {
  /** Rows put in, by table: of the audit, those that were not there. */
  readonly restored: ReadonlyMap<string, number>;
}

export interface Backups {
  /**
   * Writes an archive of this moment and closes the sink; aborts it when something fails.
   * @throws ServiceError as storage does; `insufficient_permission` where the database's role may not read all.
   */
  create(sink: WritableStream<Uint8Array>, options?: CreateOptions): Promise<ArchiveSummary>;
  /**
   * Reads the file from end to end and checks all of it.
   * @throws ServiceError `archive_damaged`; `archive_locked`; `archive_too_new`; `encryption_key_mismatch`, where it was sealed, or holds
   *   what was sealed, with a key that is not configured; `not_found` where there is no such file.
   */
  inspect(file: string, options?: ReadOptions): Promise<ArchiveSummary>;
  /**
   * Checks the file as `inspect` does, then puts it in the place of all that is there, or changes nothing. Whatever token
   * or log-in there was is good no more: what was revoked since the archive was made cannot come back to life.
   * @throws ServiceError as `inspect`, and as storage's `replace`.
   */
  restore(file: string, options?: RestoreOptions): Promise<RestoreSummary>;
}
