import { Kysely, PostgresDialect } from 'kysely';
import type { Config } from '#config';
import type { Logger } from '#observability';
import { SCHEMA, type Tables } from '../tables.ts';
import { createBoundedPool, type PoolSettings } from './bounded-pool.ts';
import type { Engine } from './engine.ts';
import { type OnStatement, observeDialect } from './observed-dialect.ts';

type PostgresConfig = Extract<Config['database'], { kind: 'postgres' }>;

const CHECK_TIMEOUT_MS = 2_000;
/** A schema change may take this long, and so may the wait for another process that makes it. */
const SCHEMA_STATEMENT_TIMEOUT_MS = 600_000;

/** Under these names processes are seen in pg_stat_activity: those that serve, and all others. */
export const SERVER_NAME = 'auth-service';
export const COMMAND_NAME = 'auth-service command';

/** Connects when first asked something, so that a start does not depend on the database being there. */
export async function openPostgres(
  config: PostgresConfig,
  isServer: boolean,
  logger: Logger,
  onStatement: OnStatement | undefined,
): Promise<Engine> {
  const applicationName = isServer ? SERVER_NAME : COMMAND_NAME;
  const settings = { ...config, applicationName, max: config.poolMax };
  const schemaSettings = {
    ...settings,
    url: config.directUrl ?? config.url,
    max: 1,
    statementTimeoutMs: SCHEMA_STATEMENT_TIMEOUT_MS,
  };
  const { db, close } = await openPooled(settings, logger, onStatement);

  return {
    kind: 'postgres',
    db,
    checkTimeoutMs: CHECK_TIMEOUT_MS,
    async withSchemaDatabase(work) {
      const forSchema = await openPooled(schemaSettings, logger, onStatement);
      try {
        return await work(forSchema.db);
      } finally {
        await forSchema.close();
      }
    },
    close,
  };
}

/** What is asked after the close fails as what cannot be reached, which Kysely's own way to close does not give. */
export async function openPooled(
  settings: PoolSettings,
  logger: Logger,
  onStatement: OnStatement | undefined,
): Promise<{ db: Kysely<Tables>; close(): Promise<void> }> {
  const { default: driver } = await import('pg');
  const pool = createBoundedPool(driver, settings, logger);
  const dialect = observeDialect(new PostgresDialect({ pool }), { onStatement });
  return { db: new Kysely<Tables>({ dialect }).withSchema(SCHEMA), close: () => pool.end() };
}
