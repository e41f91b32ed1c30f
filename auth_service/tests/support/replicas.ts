import { freePort } from './free-port.ts';
import { createPostgresDatabase, type PostgresConfig, postgresConfig } from './postgres-databases.ts';
import { openRawConnection, type RawConnection } from './raw-connection.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';
import { createReplica, type Replica } from './replica.ts';
import { temporaryDirectory } from './run-directory.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export const PUBLIC_URL = 'http://localhost:8000';
export const ADMINISTRATOR = { email: 'administrator@example.com', password: 'Wr3ath-Kettle-Lantern-71' };

/** What breaks between all replicas and one thing that they depend on; for one of them see its own proxies. */
export type Line = Pick<TcpProxy, 'cut' | 'cutInTheMiddle' | 'pause' | 'resume' | 'forgetPaused' | 'slow'>;

export interface ReplicasOptions {
  /** Default 3. */
  readonly count?: number;
  /** A database of the test's own, empty or migrated. Default: a new one of the run's, dropped behind it. */
  readonly databaseUrl?: string;
  /** `false`: the replicas have none. */
  readonly redis?: boolean;
  /** Beside those that a replica needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether the first comes up before the others do, and makes the schema. Default true. */
  readonly inTurn?: boolean;
}

export interface ConnectedReplica extends Replica {
  /** The way of this replica alone to what it depends on. */
  readonly databaseProxy: TcpProxy;
  readonly redisProxy: TcpProxy | null;
  /** What it is started with. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Several processes, one database and one Redis, with a proxy on each way. All of it is gone behind `await using`. */
export interface Replicas extends AsyncDisposable {
  readonly replicas: readonly ConnectedReplica[];
  readonly urls: readonly string[];
  /** The ways of all replicas to the database. */
  readonly database: Line;
  /** The ways of all replicas to Redis. */
  readonly redis: Line;
  /** @throws where the replicas have none */
  redisServer(): RedisServer;
  /** One more, not started yet; of another version where its program is given. */
  add(main?: string): Promise<ConnectedReplica>;
  /** Past the proxies. */
  readonly databaseUrl: string;
  /** SQL as text, past the proxies. */
  readonly query: RawConnection['query'];
}

export async function startReplicas(options: ReplicasOptions = {}): Promise<Replicas> {
  await using opened = new AsyncDisposableStack();
  const config = await openDatabase(options.databaseUrl, opened);
  const server = options.redis === false ? null : opened.use(await startRedisServer());
  const settings = options.settings ?? {};
  const replicas: ConnectedReplica[] = [];
  for (let n = 0; n < (options.count ?? 3); n += 1) {
    replicas.push(await connectReplica(config.url, server, settings, opened));
  }
  if (options.inTurn ?? true) await replicas[0]?.start();
  await Promise.all(replicas.filter((replica) => !replica.isRunning()).map((replica) => replica.start()));
  const raw = openRawConnection(config);
  opened.defer(() => raw.close());
  const owned = opened.move();
  return {
    replicas,
    urls: replicas.map(({ url }) => url),
    database: lineOf(replicas.map(({ databaseProxy }) => databaseProxy)),
    redis: lineOf(replicas.flatMap(({ redisProxy }) => redisProxy ?? [])),
    redisServer() {
      if (server === null) throw new TypeError('these replicas have no Redis');
      return server;
    },
    add: (main) => connectReplica(config.url, server, settings, owned, main),
    databaseUrl: config.url,
    query: raw.query,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openDatabase(url: string | undefined, opened: AsyncDisposableStack): Promise<PostgresConfig> {
  if (url !== undefined) return postgresConfig(url);
  const { config, drop } = await createPostgresDatabase({ migrated: false });
  opened.defer(drop);
  return config;
}

async function connectReplica(
  databaseUrl: string,
  server: RedisServer | null,
  more: Readonly<Record<string, string>>,
  opened: AsyncDisposableStack,
  main?: string,
): Promise<ConnectedReplica> {
  const url = new URL(databaseUrl);
  const databaseProxy = opened.use(await startTcpProxy(Number(url.port || 5432)));
  const redisProxy = server === null ? null : opened.use(await startTcpProxy(server.port));
  url.port = String(databaseProxy.port);
  const settings: Readonly<Record<string, string>> = {
    ENVIRONMENT: 'testing',
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    PUBLIC_URL,
    DATA_DIR: temporaryDirectory('replica'),
    DATABASE_URL: url.href,
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    INITIAL_ADMIN_EMAIL: ADMINISTRATOR.email,
    INITIAL_ADMIN_PASSWORD: ADMINISTRATOR.password,
    MAILER_AUTOCONFIRM: 'true',
    RATE_LIMIT_TOKEN: 'off',
    RATE_LIMIT_LOGIN: 'off',
    RATE_LIMIT_REGISTER: 'off',
    ...(redisProxy === null ? {} : { REDIS_URL: `redis://127.0.0.1:${redisProxy.port}` }),
    ...more,
  };
  const replica = opened.use(createReplica(settings, main));
  return Object.assign(replica, { databaseProxy, redisProxy, settings });
}

function lineOf(proxies: readonly TcpProxy[]): Line {
  const toAll = (verb: (proxy: TcpProxy) => void) => {
    for (const proxy of proxies) verb(proxy);
  };
  const each = (verb: (proxy: TcpProxy) => void) => () => toAll(verb);
  return {
    cut: each((proxy) => proxy.cut()),
    cutInTheMiddle: each((proxy) => proxy.cutInTheMiddle()),
    pause: each((proxy) => proxy.pause()),
    resume: each((proxy) => proxy.resume()),
    forgetPaused: each((proxy) => proxy.forgetPaused()),
    slow: (delayMs) => toAll((proxy) => proxy.slow(delayMs)),
  };
}
