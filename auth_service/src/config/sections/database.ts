import { join } from 'node:path';
import type { DatabaseConfig, RedisConfig } from '../config.ts';
import { databaseUrl } from '../parsers/database-url.ts';
import { choice, wholeNumber, yesOrNo } from '../parsers/plain.ts';
import { redisUrl } from '../parsers/redis-url.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, variable } from '../variable.ts';

export const databaseSection = {
  title: 'Database',
  about: 'PostgreSQL 15 or newer, Supabase’s own included, or the embedded database.',
  variables: {
    database: variable({
      name: 'DATABASE',
      parser: choice('postgres', 'embedded'),
      defaultMeaning:
        '`postgres` in staging and production; elsewhere `postgres` when AUTH_SERVICE_DATABASE_URL is set, else `embedded`',
      example: 'postgres',
      description:
        'postgres or embedded. In staging and production the embedded database must be asked for by name.',
    }),
    url: variable({
      name: 'AUTH_SERVICE_DATABASE_URL',
      parser: databaseUrl,
      secrecy: 'secret-in-url',
      example: 'postgresql+asyncpg://postgres:your_secure_db_password@db:5432/postgres',
      description:
        'PostgreSQL URL. `postgresql+asyncpg://` and `postgresql+psycopg://` are accepted, and `ssl=` beside `sslmode=`.',
    }),
    directUrl: variable({
      name: 'DATABASE_DIRECT_URL',
      parser: databaseUrl,
      secrecy: 'secret-in-url',
      example: 'postgresql://postgres:your_secure_db_password@db:5432/postgres',
      description: 'URL past the pooler, where one stands in front, for migrations.',
    }),
    poolMax: variable({
      name: 'DB_POOL_MAX',
      parser: wholeNumber(1, 500),
      default: '10',
      description: 'Most connections that one process opens.',
    }),
    connectTimeout: variable({
      name: 'DB_CONNECT_TIMEOUT_SECONDS',
      parser: wholeNumber(1, 120, 'seconds'),
      default: '5',
      description: 'Longest wait for a connection, new or from the pool.',
    }),
    statementTimeout: variable({
      name: 'DB_STATEMENT_TIMEOUT_SECONDS',
      parser: wholeNumber(1, 600, 'seconds'),
      default: '10',
      description: 'Longest run of one statement of a request.',
    }),
    idleTimeout: variable({
      name: 'DB_IDLE_TIMEOUT_SECONDS',
      parser: wholeNumber(1, 3600, 'seconds'),
      default: '30',
      description: 'How long an unused connection stays open.',
    }),
    migrateOnStart: variable({
      name: 'MIGRATE_ON_START',
      parser: yesOrNo,
      default: { local: 'true', production: 'false' },
      description: 'Whether the start brings the schema up to date. Off: `auth-service migrate up` does.',
    }),
  },
} satisfies Section;

export const redisSection = {
  title: 'Redis and caches',
  about: 'Redis 6.2 or newer, or Valkey: shared limits, and changes told to every replica at once.',
  variables: {
    url: variable({
      name: 'REDIS_URL',
      parser: redisUrl,
      secrecy: 'secret-in-url',
      example: 'redis://redis:6379/0',
      description:
        'Redis URL; `rediss://` with TLS (a certificate authority of your own: `NODE_EXTRA_CA_CERTS`). Sentinel: `redis+sentinel://user:password@host:26379,host:26379/master/0`, with `?sentinel_user=` and `&sentinel_password=` where the Sentinels ask for them. Cluster: `redis+cluster://host:6379,host:6379`. Needed with more than one replica.',
    }),
    cacheStaleSeconds: variable({
      name: 'CACHE_STALE_SECONDS',
      parser: wholeNumber(0, 3600, 'seconds'),
      default: '60',
      description: 'How long known clients keep getting tokens while PostgreSQL cannot be reached.',
    }),
  },
} satisfies Section;

const { variables } = databaseSection;
export type DatabaseValues = ValuesOf<typeof databaseSection>;
export type RedisValues = ValuesOf<typeof redisSection>;

/** null once a fault is reported. */
export function assembleDatabase(
  values: DatabaseValues,
  dataDirectory: string,
  reading: Reading,
): DatabaseConfig | null {
  const isUrlGiven = values.url !== null || reading.isFaulty(variables.url);
  const kind = values.database ?? (reading.isProduction || isUrlGiven ? 'postgres' : 'embedded');
  if (kind === 'embedded') {
    if (isUrlGiven) {
      const remedy = 'Unset it, or set DATABASE=postgres.';
      reading.warn(variables.url, 'is not used, since DATABASE is embedded.', remedy);
    }
    return { kind, directory: join(dataDirectory, 'database') };
  }
  if (values.url === null) {
    const remedy = `Set it to ${databaseUrl.form}, or set DATABASE=embedded to use the embedded database.`;
    reading.missing(variables.url, remedy);
    return null;
  }
  return {
    kind,
    url: values.url,
    directUrl: values.directUrl,
    poolMax: values.poolMax,
    connectTimeoutMs: values.connectTimeout * 1000,
    statementTimeoutMs: values.statementTimeout * 1000,
    idleTimeoutMs: values.idleTimeout * 1000,
  };
}

export function assembleRedis(values: RedisValues, reading: Reading): RedisConfig | null {
  if (values.url !== null) return values.url;
  if (reading.isProduction && !reading.isFaulty(redisSection.variables.url)) {
    const problem =
      'is not set: rate limits are counted in memory and forgotten at a restart, and changes reach other replicas late.';
    reading.warn(redisSection.variables.url, problem, 'Set it to a Redis or Valkey, even for one replica.');
  }
  return null;
}
