import type { MigrationFile } from './files.ts';
import type { MigrationState, MigrationStatus } from './status.ts';

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly compatibleFrom: number;
  readonly appliedAt: Date;
}

/** What the program brings against what the database has. */
export function assess(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): MigrationStatus {
  const database = Math.max(0, ...applied.map(({ version }) => version));
  const expected = Math.max(0, ...files.map(({ version }) => version));
  const waiting = files
    .filter(({ version }) => !applied.some((row) => row.version === version))
    .map(({ version, name }) => ({ version, name, appliedAt: null }));
  const done = applied.map(({ version, name, appliedAt }) => ({ version, name, appliedAt }));
  return {
    state: stateOf(files, applied, expected, waiting.length),
    database,
    expected,
    oldestServed: Math.max(0, ...applied.map(({ compatibleFrom }) => compatibleFrom)),
    migrations: [...done, ...waiting].sort((a, b) => a.version - b.version),
  };
}

function stateOf(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
  expected: number,
  waiting: number,
): MigrationState {
  const known = applied.filter(({ version }) => version <= expected);
  const newer = applied.filter(({ version }) => version > expected);
  if (known.some((row) => files[row.version - 1]?.checksum !== row.checksum)) return 'altered';
  // A newer program always finished what came before its own migrations.
  if (newer.length > 0 && waiting > 0) return 'incompatible';
  if (newer.some(({ compatibleFrom }) => compatibleFrom > expected)) return 'incompatible';
  if (newer.length > 0) return 'ahead';
  return waiting > 0 ? 'behind' : 'current';
}
