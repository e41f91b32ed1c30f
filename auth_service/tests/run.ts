/**
 * What `npm test` runs: every test file, or those named, with one throw-away PostgreSQL and one throw-away Redis for all
 * of them. One's own are used instead when TEST_POSTGRES_URL and TEST_REDIS_URL name them. With CI=true nothing may be
 * skipped.
 */
import { spawn } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  findPostgresBinaries,
  type PostgresCluster,
  startPostgresCluster,
} from './support/postgres-cluster.ts';
import { POSTGRES_URL_VARIABLE, postgresUrl } from './support/postgres-databases.ts';
import {
  findRedisServer,
  REDIS_URL_VARIABLE,
  type RedisServer,
  redisUrl,
  startRedisServer,
} from './support/redis-server.ts';
import { createRunDirectory, RUN_DIRECTORY_VARIABLE } from './support/run-directory.ts';

const TESTS = fileURLToPath(new URL('.', import.meta.url));
const PROCESSES_AT_ONCE = 2;
/** For a test that hangs. */
const TIMEOUT_MS = 300_000;
const isCi = process.env.CI === 'true';

const directory = createRunDirectory();
process.env[RUN_DIRECTORY_VARIABLE] = directory;
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

let cluster: PostgresCluster | null = null;
let redis: RedisServer | null = null;
try {
  const files = testFiles(process.argv.slice(2));
  cluster = postgresUrl() === undefined ? await startCluster() : null;
  redis = redisUrl() === undefined ? await startRedis() : null;
  process.exitCode = await runTests(files, {
    [POSTGRES_URL_VARIABLE]: cluster?.url ?? postgresUrl(),
    [REDIS_URL_VARIABLE]: redis?.url ?? redisUrl(),
  });
} catch (error) {
  complain(error instanceof Error ? error.message : String(error));
} finally {
  await cluster?.stop();
  await redis?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}

function testFiles(named: readonly string[]): string[] {
  const patterns = named.length > 0 ? named.map((name) => resolve(name)) : [TESTS];
  const files = patterns.flatMap((path) =>
    path.endsWith('.ts') ? [path] : globSync(`${path}/**/*.test.ts`),
  );
  if (files.length === 0) throw new Error('No test file was found.');
  return files.sort();
}

async function startCluster(): Promise<PostgresCluster | null> {
  const binaries = findPostgresBinaries();
  if (binaries !== null) return await startPostgresCluster(binaries);
  missing('PostgreSQL', `Install PostgreSQL (apt-get install postgresql), or set ${POSTGRES_URL_VARIABLE}.`);
  return null;
}

async function startRedis(): Promise<RedisServer | null> {
  if (findRedisServer() !== null) return await startRedisServer();
  missing('Redis', `Install Redis (apt-get install redis-server), or set ${REDIS_URL_VARIABLE}.`);
  return null;
}

function missing(name: string, remedy: string): void {
  if (isCi) throw new Error(`${name} is not there, and CI skips nothing. ${remedy}`);
  process.stderr.write(`Tests on ${name} are skipped: no binaries were found. ${remedy}\n`);
}

/** @returns the exit code. */
function runTests(files: readonly string[], urls: Record<string, string | undefined>): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--test',
      '--test-reporter=spec',
      `--test-concurrency=${PROCESSES_AT_ONCE}`,
      `--test-timeout=${TIMEOUT_MS}`,
      ...files,
    ],
    {
      env: { ...process.env, ...urls },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let tail = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    tail = (tail + chunk.toString()).slice(-100_000);
  });
  stopping.signal.addEventListener('abort', () => child.kill('SIGINT'));
  return new Promise((finish, fail) => {
    child.once('error', fail);
    child.once('close', (code) => finish(code === 0 && !skippedInCi(tail) ? 0 : 1));
  });
}

function skippedInCi(output: string): boolean {
  // Node colours the summary on a terminal; here it writes to a pipe.
  const count = /^ℹ skipped (\d+)$/m.exec(output)?.[1];
  if (!isCi || count === '0') return false;
  complain(
    count === undefined
      ? 'The summary of the tests was not found.'
      : `${count} tests were skipped; CI skips nothing.`,
  );
  return true;
}

function complain(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
