import { setTimeout as sleep } from 'node:timers/promises';
import type { Replicas } from '../../auth_service/tests/support/replicas.ts';

/** By then the service has to be well again by itself. */
const RECOVERY_MS = 5_000;
/** Often: an answer that was given before its transaction ended has to be caught between the two. */
const CUT_EVERY_MS = 60;

export interface Outage {
  readonly name: string;
  readonly of: 'PostgreSQL' | 'Redis';
  /** Share of the run that has gone by when it begins. */
  readonly at: number;
  /** Breaks it for so long, and puts it right again. */
  readonly run: (forMs: number) => Promise<void>;
}

/** Each of the two is broken in two ways, with time to recover between. */
export function planOutages({ database, redis, redisServer }: Replicas): Outage[] {
  return [
    {
      name: 'PostgreSQL mute',
      of: 'PostgreSQL',
      at: 0.2,
      async run(forMs) {
        database.pause();
        await sleep(forMs);
        database.resume();
      },
    },
    {
      name: 'Redis mute',
      of: 'Redis',
      at: 0.42,
      async run(forMs) {
        redis.pause();
        await sleep(forMs);
        redis.resume();
      },
    },
    {
      name: 'PostgreSQL cut',
      of: 'PostgreSQL',
      at: 0.58,
      async run(forMs) {
        const until = performance.now() + forMs;
        // Half an answer the first time: what was being written may be there or not, but never in part.
        database.cutInTheMiddle();
        while (performance.now() < until) {
          await sleep(CUT_EVERY_MS);
          database.cut();
        }
      },
    },
    {
      name: 'Redis ended',
      of: 'Redis',
      at: 0.8,
      async run(forMs) {
        await redisServer().stop();
        await sleep(forMs);
        await redisServer().start();
      },
    },
  ];
}

export interface Outages {
  /** Whether PostgreSQL was away, or had just come back, while this was asked. */
  excuse(startedAt: number, endedAt: number): boolean;
  readonly lasted: readonly { readonly name: string; readonly from: number; readonly to: number }[];
  run(): Promise<void>;
}

export function scheduleOutages(plan: readonly Outage[], seconds: number): Outages {
  const startedAt = performance.now();
  const forMs = Math.min(10_000, seconds * 80);
  const lasted: { name: string; of: Outage['of']; from: number; to: number }[] = [];
  return {
    lasted,
    excuse: (from, to) =>
      lasted.some((each) => each.of === 'PostgreSQL' && to >= each.from && from <= each.to + RECOVERY_MS),
    async run() {
      for (const { name, of, at, run } of plan) {
        await sleep(Math.max(0, startedAt + at * seconds * 1000 - performance.now()));
        const outage = { name, of, from: performance.now(), to: Number.POSITIVE_INFINITY };
        lasted.push(outage);
        await run(forMs);
        outage.to = performance.now();
      }
    },
  };
}
