import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './run-directory.ts';

const SOURCE = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const MIGRATIONS = join(SOURCE, 'migrations');

/** A version of the service that can be started. */
export interface Program {
  /** What `/health` says. */
  readonly version: string;
  readonly main: string;
}

export const THIS_PROGRAM: Program = {
  version: (JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8')) as Program).version,
  main: join(SOURCE, 'src/main.ts'),
};

export interface NewerProgram extends Program {
  /** Of the migration that it brings, as `0007`. */
  readonly migration: string;
}

/** The newest migration of this version, as a number. */
export function newestMigration(): number {
  return Math.max(...readdirSync(MIGRATIONS).map((file) => Number(basename(file).slice(0, 4))));
}

/**
 * The version after this one, as a copy in a folder of the run: it brings one migration more.
 * @param sql what that one does
 * @param runsWith `older`: this version still works on the schema that it makes
 */
export function newerProgram(
  version: string,
  sql: string,
  runsWith: 'older' | 'newer' = 'older',
): NewerProgram {
  const folder = temporaryDirectory(`version-${version}`);
  const service = join(folder, 'auth_service');
  for (const part of ['src', 'migrations'])
    cpSync(join(SOURCE, part), join(service, part), { recursive: true });
  symlinkSync(PACKAGES, join(folder, 'node_modules'));
  const manifest = JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8')) as object;
  writeFileSync(join(service, 'package.json'), JSON.stringify({ ...manifest, version }));
  const newest = newestMigration();
  const digits = (migration: number) => String(migration).padStart(4, '0');
  const compatibleFrom = runsWith === 'older' ? newest : newest + 1;
  const migration = digits(newest + 1);
  const text = `-- compatible_from: ${digits(compatibleFrom)}\n${sql}\n`;
  writeFileSync(join(service, 'migrations', `${migration}_next.sql`), text);
  return { version, main: join(service, 'src/main.ts'), migration };
}
