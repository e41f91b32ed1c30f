import { ServiceError } from '#errors';

export interface HashingQueue {
  /** Runs the work when its turn comes. @throws ServiceError `overloaded` at once when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Running and waiting. */
  depth(): number;
}

/**
 * Password hashes are made to be slow, so they queue here, apart from everything else: a flood of log-ins fills this
 * queue and no other. Beyond the bound the answer is "later", not an ever longer wait.
 */
export function createHashingQueue(settings: { concurrency: number; waiting: number }): HashingQueue {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function takeTurn(): Promise<void> {
    if (running < settings.concurrency) {
      running += 1;
      return;
    }
    if (waiting.length >= settings.waiting) {
      throw new ServiceError('overloaded', undefined, { retryAfterSeconds: 1 });
    }
    // The turn is handed over with `running` as it is, so that nobody slips in between.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function passTurn(): void {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return {
    async run(work) {
      await takeTurn();
      try {
        return await work();
      } finally {
        passTurn();
      }
    },
    depth: () => running + waiting.length,
  };
}
