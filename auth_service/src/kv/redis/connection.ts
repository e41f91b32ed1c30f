import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from '#config';
import type { Random } from '#crypto';
import { jittered } from './guard.ts';

/** Of one try to connect, TLS included. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Of a greeting, a heartbeat, a question to a Sentinel. Whoever serves a request gives up before (guard.ts). */
const COMMAND_TIMEOUT_MS = 1_000;
const DISCONNECT_TIMEOUT_MS = 200;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** A Cluster sends a command on when its key has moved. */
const REDIRECTIONS_AT_MOST = 3;

export type Connection = Redis | Cluster;
/** What ioredis's own constructors take. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** Milliseconds until the next try: twice as long each time, up to a bound, with jitter. */
export function backOff(attempt: number, random: Pick<Random, 'bytes'>): number {
  return jittered(Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 16), LAST_RETRY_MS), random);
}

/** Not yet connected. Keeps trying by itself once it was told to connect; holds no command back while it has to. */
export function createConnection(config: RedisConfig, random: Pick<Random, 'bytes'>): Connection {
  const retry = (attempt: number) => backOff(attempt, random);
  const options = commonOptions(config);
  if (config.kind === 'cluster') {
    const cluster = { ...clusterOptions(config), redisOptions: options, clusterRetryStrategy: retry };
    return new Cluster([...config.nodes], cluster);
  }
  return new Redis({ ...options, ...target(config), retryStrategy: retry, sentinelRetryStrategy: retry });
}

/** One that is used once: when it ends it stays ended. `node` stands for any node of a Cluster. */
export function createSingleConnection(config: RedisConfig, node: RedisConfig['nodes'][number]): Redis {
  const where = config.kind === 'cluster' ? node : target(config);
  return new Redis({
    ...commonOptions(config),
    ...where,
    retryStrategy: null,
    sentinelRetryStrategy: () => null,
    autoResubscribe: false,
  });
}

function commonOptions({ kind, username, password, database, tls }: RedisConfig): Options {
  return {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    db: database,
    ...(tls ? { tls: {} } : {}),
    // RESP2 says all that is needed here, and everything that calls itself Redis speaks it.
    protocol: 2,
    connectionName: 'paservices-auth',
    disableClientInfo: true,
    lazyConnect: true,
    // Asks INFO, which a careful administrator does not allow; only who follows Sentinels must know a master from a
    // replica before the first command. What else it finds out the probe does as well.
    enableReadyCheck: kind === 'sentinel',
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // A counter that is sent once more would count twice: what cannot be sent now, or was not answered, fails.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // After a failover the old master is a replica, on a connection that stays.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  };
}

function target({ kind, nodes, masterName, sentinel, tls }: RedisConfig): Options {
  if (kind !== 'sentinel') return { ...nodes[0] };
  return {
    sentinels: [...nodes],
    name: masterName ?? '',
    ...(sentinel.username === null ? {} : { sentinelUsername: sentinel.username }),
    ...(sentinel.password === null ? {} : { sentinelPassword: sentinel.password }),
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    ...(tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
  };
}

function clusterOptions({ tls }: RedisConfig): Omit<ClusterOptions, 'redisOptions'> {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRedirections: REDIRECTIONS_AT_MOST,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    slotsRefreshInterval: 10_000,
    // Certificates bear names, not the addresses behind them.
    ...(tls ? { dnsLookup: (address, answer) => answer(null, address) } : {}),
  };
}
