import { Cluster } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { RedisConfig } from '#config';
import type { Random } from '#crypto';
import type { Logger } from '#observability';
import { createChannels } from '../channels.ts';
import type { Kv } from '../index.ts';
import { createMemoryLimiter, MAX_KEYS } from '../memory-limiter.ts';
import { createNamedLimiters } from '../rate.ts';
import { createBatch } from './batch.ts';
import { createComplaints } from './complaints.ts';
import { type Connection, createConnection, createSingleConnection } from './connection.ts';
import { createGuard } from './guard.ts';
import { createRedisLimiter } from './limiter.ts';
import { createSubscriber } from './subscriber.ts';
import { watch } from './watch.ts';

export interface RedisKvDependencies {
  readonly config: RedisConfig;
  readonly logger: Logger;
  readonly random: Pick<Random, 'bytes'>;
  readonly prefix: string;
}

const PROBE_WINDOW_SECONDS = 10;

/** Counters, marks and messages over all replicas. Connects with the first use. */
export function createRedisKv({ config, logger, random, prefix }: RedisKvDependencies): Kv {
  const connection = createConnection(config, random);
  const complaints = createComplaints(config, logger);
  const store = createBatch(connection);
  const probes = new RateLimiterRedis({
    storeClient: store,
    keyPrefix: prefix,
    points: 1,
    duration: PROBE_WINDOW_SECONDS,
  });
  // What every request does: an answer to PING says nothing of rights, of memory, or of a replica that takes no writes.
  const probe = () => Promise.all([probes.penalty('probe'), ...pingMasters(connection)]);
  const guard = createGuard({
    connect: () => void connection.connect().catch(() => {}),
    probe,
    reconnect: () => connection.disconnect(true),
    complaints,
    logger,
    random,
  });
  watch(connection, guard, complaints);
  const channels = createChannels(logger);
  const subscriber = createSubscriber({
    open: createNodeRotation(config, connection),
    channels,
    prefix: `${prefix}:channel:`,
    random,
  });

  return {
    limiter: createNamedLimiters((name, rate) => {
      const insurance = createMemoryLimiter(name, rate, { logger, maxKeys: MAX_KEYS });
      return createRedisLimiter(name, rate, { store, guard, insurance, prefix });
    }),
    async once(key, ttlSeconds) {
      await guard.decide();
      const set = () => connection.set(`${prefix}:once:${key}`, '', 'EX', ttlSeconds, 'NX');
      return guard.run(set).then(
        (answer) => answer === 'OK',
        () => 'unavailable',
      );
    },
    async publish(channel, message) {
      await guard.decide();
      return guard
        .run(() => connection.publish(`${prefix}:channel:${channel}`, message))
        .then(
          () => true,
          () => false,
        );
    },
    subscribe(channel, onMessage, onReconnected) {
      const listening = channels.add(channel, { onMessage, onReconnected });
      subscriber.added(channel);
      return listening;
    },
    connect: () => guard.decide(),
    async check() {
      await guard.decide();
      await guard.run(probe);
    },
    async close() {
      subscriber.close();
      guard.close();
      connection.disconnect();
    },
  };
}

/** Of a Cluster each has a part of the counters. */
function pingMasters(connection: Connection): Promise<unknown>[] {
  return connection instanceof Cluster ? connection.nodes('master').map((node) => node.ping()) : [];
}

/** A message reaches every node of a Cluster, so that any of them will do; the next one each time. */
function createNodeRotation(config: RedisConfig, connection: Connection) {
  let turn = 0;
  return () => {
    const known =
      connection instanceof Cluster
        ? connection
            .nodes('all')
            .map(({ options }) => ({ host: options.host ?? '', port: options.port ?? 0 }))
        : [];
    const nodes = known.length > 0 ? known : config.nodes;
    const node = nodes[turn++ % nodes.length];
    if (node === undefined) throw new TypeError('no node is configured');
    return createSingleConnection(config, node);
  };
}
