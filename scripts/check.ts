/**
 * `npm run check`: every gate but the tests, in one go: format and lint, types, generated files, dead exports.
 * All of them run even when one fails, so that one go shows everything.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const gates: readonly (readonly [name: string, command: string, ...arguments: string[]])[] = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '--noEmit', '-p', '.'],
  ['generated files', 'node', 'scripts/generate.ts', '--check'],
  ['dead exports', 'knip'],
];

const failed = gates.filter(([name, command, ...rest]) => {
  process.stdout.write(`\n# ${name}\n`);
  const { status } = spawnSync(command, rest, { stdio: 'inherit', cwd: resolve(import.meta.dirname, '..') });
  return status !== 0;
});

process.stdout.write(
  failed.length === 0 ? '\nAll gates passed.\n' : `\nFailed: ${failed.map(([name]) => name).join(', ')}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
