import type { TransactionStores } from '../stores.ts';

/** A table as an archive knows it. */
export interface ArchivedTable {
  /** With its schema: `auth_service_data.roles`. */
  readonly name: string;
  /** Without those that the database fills by itself. */
  readonly columns: readonly string[];
}

/** One moment of the database: nothing that is committed later is seen. */
export interface Snapshot {
  readonly schemaVersion: number;
  /** In an order in which they can be put back: what is pointed to comes first. */
  readonly tables: readonly ArchivedTable[];
  /** Portions of rows, each row one JSON object in a line. One table at a time. */
  rows(table: ArchivedTable): AsyncIterable<readonly string[]>;
}

export interface SnapshotOptions {
  /** Who did what. */
  readonly withAudit: boolean;
  /** What Supabase Auth keeps of people, in its schema `auth`. */
  readonly withSupabaseAuth: boolean;
}

/** What is put in the place of what is there. */
export interface Replacement {
  /** Of the database that the archive was made of; known to this program. */
  readonly schemaVersion: number;
  /** In the order of `portions`. */
  readonly tables: readonly ArchivedTable[];
  /** Read once, within the transaction. A throw undoes all. */
  readonly portions: AsyncIterable<{ readonly table: string; readonly rows: readonly string[] }>;
  /** Also when something is there already. */
  readonly force: boolean;
  /** The last of the transaction; told how many rows were put into each table. A throw undoes all. */
  readonly finish: (stores: TransactionStores, inserted: ReadonlyMap<string, number>) => Promise<void>;
}

/** Copies of everything, for backup and restore. Log-ins are no part of a copy: whoever held one logs in again. */
export interface Archive {
  /** Nobody is kept waiting on PostgreSQL; the embedded database serves nobody else meanwhile. @throws as stores do. */
  read<T>(options: SnapshotOptions, work: (snapshot: Snapshot) => Promise<T>): Promise<T>;
  /** How many rows stand in each of our tables that has some. Empty where there is no schema of ours. */
  count(): Promise<ReadonlyMap<string, number>>;
  /**
   * Brings the schema to the version of the archive, puts the archive in the place of all that is there (the audit is
   * only ever added to), then brings the schema to that of this program. All or nothing.
   * @returns rows put in, by table
   * @throws ServiceError `target_in_use`, `target_not_empty`, `archive_misfit`, and as stores do.
   */
  replace(replacement: Replacement): Promise<ReadonlyMap<string, number>>;
}
