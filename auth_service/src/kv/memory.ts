import type { Logger } from '#observability';
import { createChannels } from './channels.ts';
import type { Kv } from './index.ts';
import { createMemoryLimiter, MAX_KEYS } from './memory-limiter.ts';
import { createMemoryMarks } from './memory-marks.ts';
import { createNamedLimiters } from './rate.ts';

export interface KvDependencies {
  readonly logger: Logger;
  /** Keys that one limiter remembers, and marks that are kept. */
  readonly maxKeys?: number;
}

/** Counters, marks and messages of this process alone. */
export function createKv({ logger, maxKeys = MAX_KEYS }: KvDependencies): Kv {
  const open = () => ({
    limiter: createNamedLimiters((name, rate) => createMemoryLimiter(name, rate, { logger, maxKeys })),
    mark: createMemoryMarks(maxKeys),
    channels: createChannels(logger),
  });
  let memory = open();
  return {
    limiter: (name, rate) => memory.limiter(name, rate),
    once: async (key, ttlSeconds) => memory.mark(key, ttlSeconds),
    async publish(channel, message) {
      // Later, as over a network: nobody is to rely on having been heard when this returns.
      setImmediate((channels) => channels.deliver(channel, message), memory.channels);
      return true;
    },
    subscribe: (channel, onMessage, onReconnected) =>
      memory.channels.add(channel, { onMessage, onReconnected }),
    connect: async () => {},
    check: async () => {},
    async close() {
      memory = open();
    },
  };
}
