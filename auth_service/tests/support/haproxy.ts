import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { createRunDirectory } from './run-directory.ts';

/** In front of servers that it asks whether they are ready. Taken away at the end of the block: `await using`. */
export interface Haproxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Every request that is over, in its own words. */
  readonly passed: readonly PassedRequest[];
  /** Those of them that did not go the way they should, whatever the caller was told. */
  unwell(): readonly PassedRequest[];
  /** The servers that get requests now, by their URLs. */
  ready(): Promise<readonly string[]>;
  /** Connections to servers that were made, and requests that went over one that was there already. */
  connections(): Promise<{ readonly made: number; readonly reused: number }>;
}

export interface PassedRequest {
  readonly request: string;
  readonly status: number;
  /** How the session ended (HAProxy, 8.5): `--` well; who ended it, and in which phase. */
  readonly ended: string;
  readonly server: string;
}

export interface HaproxyOptions {
  /** Lines of these sections beside its own; a later line wins. */
  readonly global?: readonly string[];
  readonly frontend?: readonly string[];
  readonly backend?: readonly string[];
  /** How servers are looked at; the default finds out within half a second. */
  readonly check?: string;
}

const LOG_FORMAT = '{"request":%{+Q,+E}r,"status":%ST,"ended":"%ts","server":"%s"}';

/** Null: there is none. Debian puts it where only root's path leads. */
function findHaproxy(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'haproxy')).find((path) => existsSync(path)) ?? null;
}

/** Why tests that need one cannot run here; null when they can. */
export function haproxySkipReason(): string | null {
  return findHaproxy() === null ? 'HAProxy is not there: no haproxy was found on the path' : null;
}

/**
 * It tries nothing twice, so that it hides no failure, shares its connections to servers among all callers, keeps them,
 * and adds the address of the caller to X-Forwarded-For.
 */
export async function startHaproxy(urls: readonly string[], options: HaproxyOptions = {}): Promise<Haproxy> {
  const binary = findHaproxy();
  if (binary === null) throw new Error('No haproxy was found on the path.');
  const folder = createRunDirectory();
  const port = await freePort();
  const socket = join(folder, 'stats.sock');
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, renderSettings(urls, { ...options, port, socket }));
  const child = spawn(binary, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const words: string[] = [];
  const passed: PassedRequest[] = [];
  collectWords(child, words, passed);
  const stats = async () => readStats(await tell(socket, 'show stat'));
  const servers = async () => (await stats()).filter(({ svname }) => svname !== 'BACKEND');
  await untilAllAreChecked(child, servers, words);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    passed,
    unwell: () => passed.filter(({ ended, status }) => ended !== '--' || status >= 500),
    async ready() {
      const up = (await servers()).filter(({ status }) => status?.startsWith('UP'));
      return up.map(({ svname }) => urls[Number(svname?.slice(1))] ?? '');
    },
    async connections() {
      const backend = (await stats()).find(({ svname }) => svname === 'BACKEND');
      return { made: Number(backend?.connect), reused: Number(backend?.reuse) };
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once('close', resolve));
        kill();
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Rendering extends HaproxyOptions {
  readonly port: number;
  readonly socket: string;
}

function renderSettings(urls: readonly string[], options: Rendering): string {
  const { port, socket, check = 'inter 200ms fall 2 rise 1' } = options;
  const servers = urls.map((url, n) => `server s${n} ${new URL(url).host} check ${check}`);
  const sections: readonly (readonly string[])[] = [
    [
      'global',
      `stats socket ${socket} mode 600 level admin`,
      'log stdout format raw local0',
      ...(options.global ?? []),
    ],
    [
      'defaults',
      'mode http',
      'log global',
      'timeout connect 5s',
      'timeout check 2s',
      'timeout client 60s',
      'timeout server 60s',
      'timeout http-keep-alive 60s',
      'retries 0',
      'option forwardfor',
    ],
    [
      'frontend callers',
      `bind 127.0.0.1:${port}`,
      `log-format '${LOG_FORMAT}'`,
      'default_backend service',
      ...(options.frontend ?? []),
    ],
    [
      'backend service',
      'http-reuse always',
      'option httpchk',
      'http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host service',
      'http-check expect status 200',
      ...(options.backend ?? []),
      ...servers,
    ],
  ];
  return sections.map((lines) => `${lines.join('\n  ')}\n`).join('\n');
}

/** Its log and its complaints; a request is a line of JSON. */
function collectWords({ stdout, stderr }: ChildProcess, words: string[], passed: PassedRequest[]): void {
  for (const stream of [stdout, stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('{')) passed.push(JSON.parse(line) as PassedRequest);
        else words.push(line);
      }
    });
  }
}

/** Until then it takes those that it has not looked at for well. */
async function untilAllAreChecked(
  child: ChildProcess,
  servers: () => Promise<readonly Statistics[]>,
  words: readonly string[],
): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`HAProxy ended at its start:\n${words.join('\n')}`);
    const found = await servers().catch(() => []);
    const isChecked = ({ check_status: check }: Statistics) =>
      check !== undefined && !/^(?:INI|)$/.test(check);
    if (found.length > 0 && found.every(isChecked)) return;
    await sleep(20);
  }
}

type Statistics = Readonly<Record<string, string>>;

function readStats(csv: string): readonly Statistics[] {
  const [head = '', ...lines] = csv.trim().split('\n');
  const names = head.replace(/^# /, '').split(',');
  const rows = lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((name, n) => [name, values[n] ?? '']));
  });
  return rows.filter(({ pxname }) => pxname === 'service');
}

function tell(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${command}\n`));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}
