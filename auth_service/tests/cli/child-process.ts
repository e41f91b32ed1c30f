import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import type { TestContext } from 'node:test';
import type { Environment, Outcome } from './command-line.ts';

export const BIN = resolve(import.meta.dirname, '../../bin/auth-service.js');
export const REPOSITORY = resolve(import.meta.dirname, '../../..');

const PRETEND_OLD =
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })";

/** A Node that believes to be an old one; whatever it starts does not. */
export const OLD_NODE = [
  process.execPath,
  `--import=data:text/javascript,${encodeURIComponent(PRETEND_OLD)}`,
];

/** The package in which npm delivers a Node for this machine. */
export const DELIVERED_NODE = `node-${process.platform}-${process.arch}`;

/** For `skip`: why nothing can be handed over to it. */
export const NOT_DELIVERED = existsSync(resolve(REPOSITORY, 'node_modules', DELIVERED_NODE))
  ? false
  : `npm delivers no Node for ${process.platform} on ${process.arch}`;

/** What a shell gives, and nothing of what this machine may have set for the service. */
const SHELL = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' };

/** So long a thing may take on a slow machine before a test gives it up. */
const PATIENCE_MS = 60_000;

export interface Exit extends Omit<Outcome, 'code'> {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly process: ChildProcess;
  readonly exit: Promise<Exit>;
  /** Both streams so far. */
  text(): string;
  /** The first match in what it says, past or to come. Rejects with all it said when it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildOptions {
  readonly env?: Environment;
  readonly cwd?: string;
}

/** Starts a program in a process group of its own; whatever of it is left after the test is killed. */
export function start(
  t: Pick<TestContext, 'after'>,
  [program = '', ...argv]: readonly string[],
  { env = {}, cwd = REPOSITORY }: ChildOptions = {},
): Child {
  const child = spawn(program, argv, { cwd, env: { ...SHELL, ...env }, stdio: 'pipe', detached: true });
  const texts = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      for (const watch of watchers) watch();
    });
  }
  const exit = new Promise<Exit>((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => done({ code, signal, ...texts }));
  });
  const text = () => texts.stdout + texts.stderr;
  t.after(async () => {
    killGroup(child.pid);
    await exit.catch(() => {});
  });
  return { process: child, exit, text, says, kill: (signal) => child.kill(signal) };

  async function says(pattern: RegExp): Promise<RegExpExecArray> {
    const found = Promise.withResolvers<RegExpExecArray>();
    const watch = () => {
      const match = pattern.exec(text());
      if (match !== null) found.resolve(match);
    };
    const giveUp = (why: string) => found.reject(new Error(`${why} without ${pattern}:\n${text()}`));
    const timer = setTimeout(giveUp, PATIENCE_MS, 'waited long');
    watchers.add(watch);
    watch();
    exit.then(() => giveUp('ended'), found.reject);
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      watchers.delete(watch);
    }
  }
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

/** `auth-service` with these arguments, on the Node that runs the tests. */
export function startCli(
  t: Pick<TestContext, 'after'>,
  argv: readonly string[],
  options: ChildOptions = {},
): Child {
  return start(t, [process.execPath, BIN, ...argv], options);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
