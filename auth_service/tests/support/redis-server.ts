import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { temporaryDirectory } from './run-directory.ts';

/** The URL of a Redis that tests may write to, under prefixes of their own; what tests/run.ts or a person gives. */
export const REDIS_URL_VARIABLE = 'TEST_REDIS_URL';

/** Stopped and taken away at the end of the block that holds it: `await using`. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Nothing is answered until `resume`; connections stay, and new ones are taken by the system. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
  /** On the same port, and empty. */
  start(): Promise<void>;
  /** A client of the test's own, closed with the server. */
  client(): Redis;
}

export function redisUrl(): string | undefined {
  return process.env[REDIS_URL_VARIABLE] || undefined;
}

/** Null: there is none on the path. Valkey's is as good. */
export function findRedisServer(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['redis-server', 'valkey-server']) {
      if (existsSync(join(folder, name))) return join(folder, name);
    }
  }
  return null;
}

/** Why tests that start a Redis of their own cannot run here; null when they can. */
export function redisSkipReason(): string | null {
  return findRedisServer() === null ? 'Redis is not there: no redis-server was found on the path' : null;
}

/** Why tests on the Redis of the run cannot run here; null when they can. */
export function sharedRedisSkipReason(): string | null {
  return redisUrl() === undefined
    ? `${redisSkipReason() ?? 'no Redis was started'}, and ${REDIS_URL_VARIABLE} is not set`
    : null;
}

export interface RedisServerOptions {
  /** Beside those of a server that keeps nothing and listens on a loopback port alone. */
  readonly settings?: Readonly<Record<string, string | readonly string[]>>;
  /** How the test's own clients get in. */
  readonly password?: string;
  /** A settings file that the server may rewrite, as Sentinels do. */
  readonly file?: string;
}

/** A server to throw away. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = findRedisServer();
  if (binary === null) throw new Error('No redis-server was found on the path.');
  const port = options.settings?.port === undefined ? await freePort() : Number(options.settings.port);
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: temporaryDirectory('redis'),
    ...(options.file === undefined ? { save: '', appendonly: 'no' } : {}),
    ...options.settings,
  };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value].flat());
  const clients: Redis[] = [];
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const file = options.file === undefined ? [] : [options.file];
    const mode = options.file === undefined ? [] : ['--sentinel'];
    child = spawn(binary ?? '', [...file, ...words, ...mode], { stdio: 'ignore' });
    endWithProcess(child);
    await untilReady(child, port, options.password);
  }

  async function stop(): Promise<void> {
    if (child !== null) await end(child);
  }

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    stop,
    start,
    client() {
      const client = createClient(port, options.password);
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.disconnect();
      await stop();
    },
  };
}

const children = new Set<ChildProcess>();

/** A test that fails on its way leaves none behind. */
function endWithProcess(child: ChildProcess): void {
  if (children.size === 0) {
    process.once('exit', () => {
      for (const each of children) each.kill('SIGKILL');
    });
  }
  children.add(child);
}

function createClient(port: number, password?: string): Redis {
  const client = new Redis({ port, host: '127.0.0.1', ...(password === undefined ? {} : { password }) });
  client.on('error', () => {});
  return client;
}

async function untilReady(child: ChildProcess, port: number, password?: string): Promise<void> {
  const client = createClient(port, password);
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`Redis ended at its start with code ${child.exitCode}.`);
      const answer = await Promise.race([client.ping().catch(() => null), sleep(200)]);
      if (answer === 'PONG') return;
      await sleep(10);
    }
  } finally {
    client.disconnect();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // Nothing of it is kept, and a paused one would hear of nothing else.
  child.kill('SIGKILL');
  await ended;
}
