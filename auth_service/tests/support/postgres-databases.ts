import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openStorage } from '#storage';
import { createTestClock } from './clock.ts';
import { createRecordingLogger } from './recording-logger.ts';

/** The URL of a database whose role may create others; what tests/run.ts or a person gives. */
export const POSTGRES_URL_VARIABLE = 'TEST_POSTGRES_URL';

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

export type PostgresConfig = ReturnType<typeof postgresConfig>;

export function postgresUrl(): string | undefined {
  return process.env[POSTGRES_URL_VARIABLE] || undefined;
}

/** What `Config['database']` is for this URL. */
export function postgresConfig(url: string) {
  return {
    kind: 'postgres' as const,
    url,
    directUrl: null,
    poolMax: 10,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 10_000,
    idleTimeoutMs: 30_000,
  };
}

export interface PostgresDatabase {
  readonly config: PostgresConfig;
  drop(): Promise<void>;
}

/** A database of its own: migrated and without rows, or empty. */
export async function createPostgresDatabase({ migrated }: { migrated: boolean }): Promise<PostgresDatabase> {
  const adminUrl = postgresUrl();
  if (adminUrl === undefined) throw new Error(`${POSTGRES_URL_VARIABLE} is not set.`);
  const name = `test_${process.pid}_${crypto.randomUUID().replaceAll('-', '')}`;
  const template = migrated ? await migratedTemplate(adminUrl) : 'template0';
  await administrate(adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  return {
    config: postgresConfig(urlOf(adminUrl, name)),
    drop: () =>
      administrate(adminUrl, (client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

/** Made once per cluster and state of the migrations: a copy of it takes a fraction of migrating. */
async function migratedTemplate(adminUrl: string): Promise<string> {
  const digest = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).sort()) digest.update(readFileSync(join(MIGRATIONS, file)));
  const name = `test_template_${digest.digest('hex').slice(0, 16)}`;
  await administrate(adminUrl, async (client) => {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await createTemplate(client, adminUrl, name);
  });
  return name;
}

async function createTemplate(client: pg.Client, adminUrl: string, name: string): Promise<void> {
  const unfinished = `${name}_unfinished`;
  await client.query(`drop database if exists ${unfinished} with (force)`);
  await client.query(`create database ${unfinished} template template0`);
  const storage = await openStorage({
    database: postgresConfig(urlOf(adminUrl, unfinished)),
    logger: createRecordingLogger(),
    now: createTestClock().now,
  });
  await storage.migrations.up().finally(() => storage.close());
  await client.query(`alter database ${unfinished} rename to ${name}`);
}

async function administrate(adminUrl: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}
