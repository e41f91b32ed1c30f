/**
 * What `npm run test:long` runs: the tests of tests/long, which fill a throw-away PostgreSQL with very many rows and take
 * minutes. Or those named.
 */
import { spawn } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { findPostgresBinaries, startPostgresCluster } from './support/postgres-cluster.ts';
import { POSTGRES_URL_VARIABLE } from './support/postgres-databases.ts';
import { createRunDirectory, RUN_DIRECTORY_VARIABLE } from './support/run-directory.ts';

const binaries = findPostgresBinaries();
if (binaries === null) throw new Error('PostgreSQL is not there. Install it: apt-get install postgresql');
const named = process.argv.slice(2).map((name) => resolve(name));
const files = named.length > 0 ? named : globSync(`${import.meta.dirname}/long/*.long.ts`);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const directory = createRunDirectory();
const cluster = await startPostgresCluster(binaries);
try {
  process.exitCode = await runTests(files, cluster.url);
} finally {
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** @returns the exit code. */
function runTests(paths: readonly string[], url: string): Promise<number> {
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', ...paths], {
    env: { ...process.env, [RUN_DIRECTORY_VARIABLE]: directory, [POSTGRES_URL_VARIABLE]: url },
    stdio: 'inherit',
  });
  stopping.signal.addEventListener('abort', () => child.kill('SIGINT'));
  return new Promise((finish, fail) => {
    child.once('error', fail);
    child.once('close', (code) => finish(code ?? 1));
  });
}
