/**
 * The processes of the demo: the authentication service with nothing configured but its first administrator and a
 * throw-away data folder, its command line beside it, and orders-service. Owns them all: none outlives `close`, nor
 * this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..', '..');
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 8_000;

export interface Stage {
  readonly serverUrl: string;
  /** The first administrator, whom the service is told of at its start. Made up anew each time. */
  readonly administrator: { readonly email: string; readonly password: string };
  startServer(): Promise<void>;
  /** @param trust the settings of orders-service. @returns its URL. */
  startOrders(trust: Readonly<Record<string, string>>): Promise<string>;
  /** Runs a command of the service, with --json, beside the running server. */
  run(...command: string[]): Promise<{ ending: string; printed: string; said: string }>;
  /** SIGTERM, as an orchestrator would; answers how the process ended: "exit 0". */
  stopServer(): Promise<string>;
  /** Every orders-service: how they ended, where they ended alike. */
  stopOrders(): Promise<string>;
  /** The end of what the services printed: for when something went wrong. */
  lastWords(): string;
  close(): Promise<void>;
}

interface Started {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
}

/** @param command what starts the service and is its command line: `serve` or any other command is appended. */
export async function openStage(command: readonly string[]): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'auth-demo-'));
  const port = await freePort();
  const serverUrl = `http://localhost:${port}`;
  const administrator = { email: 'root@example.com', password: randomBytes(18).toString('base64url') };
  const running = new Set<Started>();
  const servers: { auth?: Started; readonly orders: Started[] } = { orders: [] };
  // Nothing is inherited but the way to Node: a configured shell must not change what the demo shows.
  const bare = { PATH: process.env.PATH ?? '', HOME: folder };
  const serviceEnvironment = {
    ...bare,
    ENVIRONMENT: 'development',
    PORT: String(port),
    DATA_DIR: join(folder, 'data'),
    INITIAL_ADMIN_EMAIL: administrator.email,
    INITIAL_ADMIN_PASSWORD: administrator.password,
  };

  function start(argv: readonly string[], env: Record<string, string>): Started {
    const [file = '', ...args] = argv;
    const child = spawn(file, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const started: Started = { child, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (started.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (started.stderr += text));
    child.on('error', (error) => (started.stderr += error.message));
    child.once('close', () => running.delete(started));
    running.add(started);
    return started;
  }

  function killAll(): void {
    for (const { child } of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
  process.once('exit', killAll);

  return {
    serverUrl,
    administrator,
    async startServer() {
      servers.auth = start([...command, 'serve'], serviceEnvironment);
      await until(
        servers.auth,
        async () => (await fetch(`${serverUrl}/health/ready`, { signal: AbortSignal.timeout(1_000) })).ok,
      );
    },
    async startOrders(trust) {
      const argv = [process.execPath, join(ROOT, 'examples', 'orders-service', 'src', 'main.ts')];
      const orders = start(argv, { ...bare, ...trust, PORT: '0' });
      servers.orders.push(orders);
      await until(orders, async () => orders.stdout.includes('\n'));
      return /http:\S+/.exec(orders.stdout)?.[0] ?? '';
    },
    async run(...args) {
      const { child, stdout, stderr } = await finished(
        start([...command, ...args, '--json'], serviceEnvironment),
      );
      return { ending: ending(child), printed: stdout, said: stderr.trim() };
    },
    stopServer: () => stop(servers.auth),
    async stopOrders() {
      const endings = await Promise.all(servers.orders.map(stop));
      return [...new Set(endings)].join(', ');
    },
    lastWords: () => [servers.auth, ...servers.orders].map(tail).join('\n').trim(),
    async close() {
      await Promise.all([...running].map(stop));
      killAll();
      process.off('exit', killAll);
    },
  };
}

async function until(started: Started, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady().catch(() => false))) {
    const isGone = started.child.exitCode !== null || started.child.signalCode !== null;
    if (isGone || started.child.pid === undefined || Date.now() > deadline) {
      throw new Error(`"${started.child.spawnargs.join(' ')}" did not start.`);
    }
    await sleep(30);
  }
}

async function finished(started: Started): Promise<Started> {
  const { child } = started;
  if (child.pid === undefined) await once(child, 'error').catch(() => undefined);
  else await once(child, 'close');
  return started;
}

async function stop(started: Started | undefined): Promise<string> {
  if (started === undefined) return 'was not running';
  const { child } = started;
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
    clearTimeout(impatience);
  }
  return ending(child);
}

function tail(started: Started | undefined): string {
  return started === undefined ? '' : `${started.stdout}${started.stderr}`.trim().slice(-2_000);
}

function ending(child: ChildProcess): string {
  return child.signalCode === null ? `exit ${child.exitCode}` : `killed by ${child.signalCode}`;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
