import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface MigrationFile {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text with Unix line ends, in hex. */
  readonly checksum: string;
  /** The oldest version of the program's schema that still works once this migration is applied. */
  readonly compatibleFrom: number;
}

export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../../migrations', import.meta.url));

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const COMPATIBLE_FROM = /^-- compatible_from: (\d{4})$/m;

/** Every migration of a folder, by version: 1, 2, 3, … without a gap. */
export function readMigrations(directory: string): MigrationFile[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.sql'));
  const migrations = files.sort().map((file) => readMigration(directory, file));
  for (const [index, { version }] of migrations.entries()) {
    if (version !== index + 1)
      throw new Error(`${directory} has no migration ${index + 1}, but a ${version}.`);
  }
  return migrations;
}

function readMigration(directory: string, file: string): MigrationFile {
  const [, version, name] = FILE_NAME.exec(file) ?? [];
  const sql = readFileSync(join(directory, file), 'utf8').replaceAll('\r\n', '\n');
  const [, compatibleFrom] = COMPATIBLE_FROM.exec(sql) ?? [];
  if (version === undefined || name === undefined || compatibleFrom === undefined) {
    throw new Error(`${file} is not named 0000_name.sql, or its header has no compatible_from.`);
  }
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { version: Number(version), name, sql, checksum, compatibleFrom: Number(compatibleFrom) };
}
