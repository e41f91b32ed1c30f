import { ServiceError } from '#errors';

export interface InOrderOptions {
  /** Milliseconds; whoever had to wait for longer is sent away. Default 10,000. */
  readonly longestWaitMs?: number;
}

/** One after the other for each name, in the order of coming. */
export type InOrder = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** @throws ServiceError `database_unavailable` after too long a wait. */
export function createInOrder({ longestWaitMs = 10_000 }: InOrderOptions = {}): InOrder {
  const last = new Map<string, Promise<unknown>>();

  async function afterThose<T>(before: Promise<unknown> | undefined, work: () => Promise<T>): Promise<T> {
    if (before === undefined) return await work();
    const since = performance.now();
    await before.catch(() => undefined);
    if (performance.now() - since > longestWaitMs) {
      throw new ServiceError('database_unavailable', undefined, { retryAfterSeconds: 1 });
    }
    return await work();
  }

  return async (name, work) => {
    const done = afterThose(last.get(name), work);
    last.set(name, done);
    try {
      return await done;
    } finally {
      if (last.get(name) === done) last.delete(name);
    }
  };
}
