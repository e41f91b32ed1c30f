export type MigrationState = 'current' | 'behind' | 'ahead' | 'incompatible' | 'altered';

export interface MigrationStatus {
  /**
   * behind: migrations are missing. ahead: a newer schema that still serves this version. incompatible: a newer schema
   * that does not. altered: an applied migration differs from the file of this version.
   */
  readonly state: MigrationState;
  /** The newest version applied; 0 for an empty database. */
  readonly database: number;
  /** The newest version this program brings. */
  readonly expected: number;
  /** The oldest version of the program that still works on what is applied; 0 for an empty database. */
  readonly oldestServed: number;
  readonly migrations: { readonly version: number; readonly name: string; readonly appliedAt: Date | null }[];
}

export interface Migrations {
  /** Needs the right to read alone; writes nothing. */
  status(): Promise<MigrationStatus>;
  /**
   * Applies what is missing, each migration in its own transaction, and makes the partitions of the coming months.
   * Safe to run in several processes at once and beside requests: it has nobody wait for locks longer than a moment,
   * and waits itself for about ten minutes. Throws `migration_altered`, `schema_incompatible`, and `migration_failed`,
   * whose cause is what the database said.
   * @param to the last version to apply; default: the newest.
   */
  up(options?: { readonly to?: number }): Promise<{ applied: number[]; status: MigrationStatus }>;
}
