import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of the service. Killed at the end of the block that holds it. */
export interface Replica extends AsyncDisposable {
  /** The same for every process that it has been. */
  readonly url: string;
  readonly isRunning: () => boolean;
  /** Of the process that it is now; null before the first start. */
  readonly pid: () => number | null;
  /** What it has logged, in all the processes that it has been. */
  readonly lines: readonly LogLine[];
  /** Resolves when it is ready, or with `untilReady: false` once it listens. Rejects when it ends instead. */
  start(options?: { readonly untilReady?: boolean }): Promise<void>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

const running = new Set<ChildProcess>();

/** @param main of the version that it runs; this one's unless another is named. */
export function createReplica(settings: Readonly<Record<string, string>>, main: string = MAIN): Replica {
  const lines: LogLine[] = [];
  const url = `http://127.0.0.1:${settings.PORT}`;
  let child: ChildProcess | null = null;
  let exited: Promise<Exit> = Promise.resolve({ code: null, signal: null });
  let isUp = false;

  function launch(): void {
    // Nothing is inherited but the way to Node: a configured shell must not change what is tested.
    const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...settings };
    const launched = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child = launched;
    isUp = true;
    endWithProcess(launched);
    collectLines(launched, lines);
    exited = new Promise((resolve) =>
      launched.once('close', (code, signal) => {
        isUp = false;
        running.delete(launched);
        resolve({ code, signal });
      }),
    );
  }

  return {
    url,
    lines,
    isRunning: () => isUp,
    pid: () => child?.pid ?? null,
    async start({ untilReady = true } = {}) {
      launch();
      const probe = untilReady ? `${url}/health/ready` : `${url}/health/live`;
      await until(async () => {
        if (!isUp) throw new Error(`A replica ended at its start:\n${tail(lines)}`);
        return await isWell(probe);
      });
    },
    async stop(signal = 'SIGTERM') {
      child?.kill(signal);
      return await exited;
    },
    async [Symbol.asyncDispose]() {
      child?.kill('SIGKILL');
      await exited;
    },
  };
}

function collectLines({ stdout, stderr }: ChildProcess, lines: LogLine[]): void {
  for (const stream of [stdout, stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) lines.push(readLine(part));
    });
  }
}

/** What is no log line, as the last words of a process that breaks, is taken for the worst of them. */
function readLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: 'CRITICAL', message: text };
  }
}

function tail(lines: readonly LogLine[]): string {
  return lines
    .slice(-20)
    .map((line) => JSON.stringify(line))
    .join('\n');
}

async function isWell(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { connection: 'close' } });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** A test that fails on its way leaves none behind. */
function endWithProcess(child: ChildProcess): void {
  if (running.size === 0) {
    process.once('exit', () => {
      for (const each of running) each.kill('SIGKILL');
    });
  }
  running.add(child);
}
