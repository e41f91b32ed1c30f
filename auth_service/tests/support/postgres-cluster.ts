import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { createRunDirectory } from './run-directory.ts';

export interface PostgresCluster {
  readonly url: string;
  /** Ends every connection and transaction, as a restart of the database does; on disk it stays. */
  shutDown(): Promise<void>;
  /** Again, on the same port. */
  start(): Promise<void>;
  /** For good: nothing of it is left. */
  stop(): Promise<void>;
}

/** Newest first; where Debian puts them, or on the path. Null: there are none. */
export function findPostgresBinaries(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...versions.map((version) => join(root, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return (
    places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres'))) ?? null
  );
}

/** A cluster to throw away: it waits for no disk, and listens on a free loopback port alone. */
export async function startPostgresCluster(binaries: string): Promise<PostgresCluster> {
  const directory = createRunDirectory();
  const identity = unprivilegedIdentity();
  if (identity.uid !== undefined) chownSync(directory, identity.uid, identity.gid);
  const data = join(directory, 'data');
  const port = await freePort();
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    { ...identity, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: directory,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    log_min_messages: 'fatal',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const start = async () => {
    const started = spawn(join(binaries, 'postgres'), ['-D', data, ...options], {
      ...identity,
      stdio: 'ignore',
    });
    await untilReady(url, started);
    return started;
  };
  let server = await start();
  return {
    url,
    shutDown: () => stop(server),
    async start() {
      server = await start();
    },
    async stop() {
      await stop(server);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** initdb, postgres and pgbouncer refuse to run as root: then as `postgres` or `nobody`. */
export function unprivilegedIdentity(): { uid: number; gid: number; cwd: string } | { uid?: undefined } {
  if (process.getuid?.() !== 0) return {};
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g'), cwd: '/' };
    } catch {
      // There is no such user.
    }
  }
  return {};
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null)
      throw new Error(`PostgreSQL ended at its start with code ${server.exitCode}.`);
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await sleep(50);
    }
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  await ended;
}
