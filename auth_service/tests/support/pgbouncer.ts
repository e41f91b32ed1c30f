import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { unprivilegedIdentity } from './postgres-cluster.ts';
import { createRunDirectory } from './run-directory.ts';

/** In transaction mode, before one database. Taken away at the end of the block that holds it: `await using`. */
export interface PgBouncer extends AsyncDisposable {
  /** That of the database, by way of the pooler. */
  readonly url: string;
  stop(): Promise<void>;
  /** On the same port. */
  start(): Promise<void>;
  /** A question to its own console, as `show pools`. */
  show(what: string): Promise<Record<string, string | number>[]>;
}

/** Null: there is none. Debian puts it where only root's path leads. */
function findPgBouncer(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path)) ?? null;
}

/** Why tests that need one cannot run here; null when they can. */
export function pgBouncerSkipReason(): string | null {
  return findPgBouncer() === null ? 'PgBouncer is not there: no pgbouncer was found on the path' : null;
}

/**
 * As Debian delivers it, but for the transaction mode and what is asked for: parameters at the start of a connection are
 * refused, and prepared statements unknown.
 * @param settings lines of its section `[pgbouncer]` beside those.
 */
export async function startPgBouncer(
  databaseUrl: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PgBouncer> {
  const binary = findPgBouncer();
  if (binary === null) throw new Error('No pgbouncer was found on the path.');
  const port = await freePort();
  // One of its own: its user may not walk through that of the run.
  const folder = createRunDirectory();
  const file = writeSettings(folder, new URL(databaseUrl), {
    ...withoutPrepared(binary),
    listen_port: port,
    ...settings,
  });
  const url = new URL(databaseUrl);
  url.port = String(port);
  const console = new URL(url);
  console.pathname = '/pgbouncer';
  let child: ChildProcess | null = null;

  const show: PgBouncer['show'] = (what) => ask(console.href, `show ${what}`);

  async function start(): Promise<void> {
    const started = spawn(binary ?? '', ['--quiet', file], { ...unprivilegedIdentity(), stdio: 'ignore' });
    child = started;
    const kill = () => started.kill('SIGKILL');
    process.once('exit', kill);
    started.once('exit', () => process.off('exit', kill));
    while ((await show('version').catch(() => null)) === null) {
      if (started.exitCode !== null) throw new Error(`PgBouncer ended at its start: ${started.exitCode}.`);
      await sleep(20);
    }
  }

  async function stop(): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    // At once, whatever is in flight.
    child.kill('SIGTERM');
    await ended;
  }

  await start();
  return {
    url: url.href,
    stop,
    start,
    show,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeSettings(
  folder: string,
  database: URL,
  settings: Readonly<Record<string, string | number>>,
): string {
  const users = join(folder, 'userlist.txt');
  const file = join(folder, 'pgbouncer.ini');
  const lines = {
    listen_addr: '127.0.0.1',
    unix_socket_dir: '',
    pool_mode: 'transaction',
    auth_type: 'trust',
    auth_file: users,
    admin_users: database.username,
    ...settings,
  };
  const name = database.pathname.slice(1);
  writeFileSync(users, `"${database.username}" ""\n`);
  writeFileSync(
    file,
    [
      '[databases]',
      `${name} = host=${database.hostname} port=${database.port} dbname=${name}`,
      '[pgbouncer]',
      ...Object.entries(lines).map(([key, value]) => `${key} = ${value}`),
      '',
    ].join('\n'),
  );
  const { uid, gid } = { gid: 0, ...unprivilegedIdentity() };
  for (const path of [folder, users, file]) if (uid !== undefined) chownSync(path, uid, gid);
  return file;
}

/** From 1.21 on it keeps track of them unless told not to; before, it does not know the setting. */
function withoutPrepared(binary: string): Record<string, string> {
  const text = execFileSync(binary, ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) > 1 || Number(minor) >= 21 ? { max_prepared_statements: '0' } : {};
}

/** Its console takes the simple protocol alone. */
async function ask(url: string, statement: string): Promise<Record<string, string | number>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
