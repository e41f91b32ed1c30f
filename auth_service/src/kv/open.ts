import type { RedisConfig } from '#config';
import type { Random } from '#crypto';
import type { Logger } from '#observability';
import type { Kv } from './index.ts';
import { createKv } from './memory.ts';

export interface OpenKvDependencies {
  /** Null: everything stays within this process. */
  readonly redis: RedisConfig | null;
  readonly logger: Logger;
  /** For the jitter of reconnecting. */
  readonly random: Pick<Random, 'bytes'>;
  /** Before every key and channel, `pas` unless told: others may use the same Redis. */
  readonly prefix?: string;
}

/** Where the configuration says. Connects with the first use or with `connect`. */
export async function openKv({ redis, logger, random, prefix = 'pas' }: OpenKvDependencies): Promise<Kv> {
  if (redis === null) return createKv({ logger });
  // Loaded when it is wanted: without Redis it would only make every start slower.
  const { createRedisKv } = await import('./redis/kv.ts');
  return createRedisKv({ config: redis, logger, random, prefix });
}
