import assert from 'node:assert/strict';
import { after, describe } from 'node:test';
import type { Redis } from 'ioredis';
import { loadConfig, type RedisConfig } from '#config';
import { systemRandom } from '#crypto';
import { type Kv, openKv } from '#kv';
import { createRecordingLogger, type RecordingLogger } from '../support/recording-logger.ts';
import { closingBehind, type KvBackend } from './backend.ts';
import { describeLimits, describeSharedLimits } from './limits.suite.ts';
import { describeMarks } from './marks.suite.ts';
import { describeMessages, describeSharedMessages } from './messages.suite.ts';

/** What the configuration makes of a URL. */
function redisConfig(url: string): RedisConfig {
  const { redis } = loadConfig({ REDIS_URL: url });
  assert.ok(redis !== null);
  return redis;
}

/** Closed at the end of the block that holds it: `await using`. */
export interface OpenedKv extends AsyncDisposable {
  readonly kv: Kv;
  readonly logger: RecordingLogger;
}

/** Not yet connected. */
export async function openRedisKv(url: string, prefix = newPrefix()): Promise<OpenedKv> {
  const logger = createRecordingLogger();
  const kv = await openKv({ redis: redisConfig(url), logger, random: systemRandom, prefix });
  return { kv, logger, [Symbol.asyncDispose]: () => kv.close() };
}

export function newPrefix(): string {
  return `test-${crypto.randomUUID()}`;
}

/** Makes time pass for what is kept under a prefix: the server's own clock cannot be set. */
async function pass(masters: readonly Redis[], prefix: string, milliseconds: number): Promise<void> {
  for (const master of masters) {
    for (const key of await master.keys(`${prefix}:*`)) {
      const left = await master.pttl(key);
      assert.ok(left > 0, `${key} never ends`);
      if (left <= milliseconds) await master.del(key);
      else await master.pexpire(key, left - milliseconds);
    }
  }
}

interface RedisUnderTest {
  readonly url: string;
  /** A client for each server that holds keys. */
  readonly masters: readonly Redis[];
  close(): Promise<void>;
}

/** All suites on a Redis of some kind, which is started with the first test that needs it. */
export function describeOnRedis(
  name: string,
  skip: string | null,
  start: () => Promise<RedisUnderTest>,
): void {
  describe(`on ${name}`, skip === null ? {} : { skip }, () => {
    const prefix = newPrefix();
    let starting: Promise<RedisUnderTest> | undefined;
    const redis = () => {
      starting ??= start();
      return starting;
    };
    const backend: KvBackend = {
      name,
      async open() {
        const { kv } = await openRedisKv((await redis()).url, prefix);
        await kv.connect();
        await kv.check();
        return kv;
      },
      pass: async (milliseconds) => pass((await redis()).masters, prefix, milliseconds),
      async empty() {
        for (const master of (await redis()).masters) {
          for (const key of await master.keys(`${prefix}:*`)) await master.del(key);
        }
      },
    };
    const open = closingBehind(backend);
    after(async () => (await starting)?.close());
    describeLimits(backend, open);
    describeSharedLimits(backend, open);
    describeMarks(backend, open);
    describeMessages(backend, open);
    describeSharedMessages(backend, open);
  });
}
