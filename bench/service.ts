/** The service as a process of its own in a throw-away folder, for what measures it from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TIMEOUT_MS = 30_000;
const COMMAND = join(import.meta.dirname, '..', 'auth_service', 'bin', 'auth-service.js');

export type Settings = Readonly<Record<string, string>>;
export type Environment = Settings & { readonly DATA_DIR: string };

export interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly readyAfterMs: number;
}

/** Nothing is inherited but the way to Node: a configured shell must not change what is measured. */
export async function withFolder<T>(settings: Settings, work: (env: Environment) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'auth-bench-'));
  const bare = { PATH: process.env.PATH ?? '', HOME: folder, ENVIRONMENT: 'development', DATA_DIR: folder };
  try {
    return await work({ ...bare, ...settings });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts the service, hands it over once it is ready, and stops it. */
export async function withService<T>(
  env: Environment,
  work: (started: Started) => T | Promise<T>,
): Promise<T> {
  const port = await freePort();
  const log = join(env.DATA_DIR, 'service.log');
  const output = openSync(log, 'w');
  const startedAt = performance.now();
  const child = spawn(process.execPath, [COMMAND, 'serve'], {
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', output, 'inherit'],
  });
  closeSync(output);
  const closed = once(child, 'close');
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`the service ended:\n${readFileSync(log, 'utf8')}`);
      if (performance.now() - startedAt > TIMEOUT_MS) throw new Error('the service is not ready in time');
      await sleep(5);
    }
    const readyAfterMs = performance.now() - startedAt;
    return await work({ child, url: `http://127.0.0.1:${port}`, readyAfterMs });
  } finally {
    child.kill('SIGTERM');
    await closed;
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path: '/health/ready', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
