import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Order } from './storage-child.ts';

const CHILD = fileURLToPath(new URL('storage-child.ts', import.meta.url));

interface Answer {
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: { readonly code?: string; readonly message: string };
  readonly written?: number;
}

export interface StorageProcess {
  /** Rejects with an error that carries the child's `code`. */
  tell(order: Order): Promise<unknown>;
  /** Number of the last pair that the child says is committed; -1 before the first. */
  lastWritten(): number;
  /** Resolves when the child has committed so many pairs since it was told to `write`. */
  untilWritten(count: number): Promise<void>;
  /** SIGKILL: nothing of the child's own runs any more. */
  kill(): Promise<void>;
  /** SIGSTOP: it is there and does nothing. */
  freeze(): void;
}

/** Ended with the test at the latest. */
export function startStorageProcess(test: TestContext): StorageProcess {
  const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let orders = 0;
  let last = -1;
  child.on('message', (answer: Answer) => {
    if (answer.written !== undefined) last = answer.written;
    if (answer.id === undefined) return;
    const { resolve, reject } = waiting.get(answer.id) ?? Promise.withResolvers();
    if (answer.error === undefined) resolve(answer.value);
    else reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  });
  test.after(() => kill(child));

  return {
    tell(order) {
      const answer = Promise.withResolvers<unknown>();
      orders += 1;
      waiting.set(orders, answer);
      child.send({ id: orders, order });
      return answer.promise;
    },
    lastWritten: () => last,
    async untilWritten(count) {
      while (last + 1 < count) await once(child, 'message');
    },
    kill: () => kill(child),
    freeze: () => void child.kill('SIGSTOP'),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
