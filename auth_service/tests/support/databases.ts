import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, describe } from 'node:test';
import type { Config } from '#config';
import { type OpenStorageOptions, openStorage, type Storage } from '#storage';
import { createTestClock, TEST_EPOCH, type TestClock } from './clock.ts';
import { createEmbeddedFolder } from './embedded-databases.ts';
import { createPostgresDatabase, POSTGRES_URL_VARIABLE, postgresUrl } from './postgres-databases.ts';
import { openRawConnection, type RawConnection } from './raw-connection.ts';
import { createRecordingLogger, type RecordingLogger } from './recording-logger.ts';

export type Backend = 'embedded' | 'postgres';

export interface TestDatabase {
  readonly backend: Backend;
  readonly storage: Storage;
  /** What `storage` has sent since it was opened or `statements.length = 0` was set; begin and commit included. */
  readonly statements: string[];
  /** What `storage` takes for the time; stands at TEST_EPOCH. */
  readonly clock: TestClock;
  readonly logger: RecordingLogger;
  /** To open the same database elsewhere, as in a child process. */
  readonly config: Config['database'];
  /** SQL as text, past the stores; not among `statements`. */
  readonly query: RawConnection['query'];
  /** The same database once more, as another process has it; on the embedded one through its socket. */
  openAnother(options?: Partial<OpenStorageOptions>): Promise<Storage>;
}

/**
 * Gives a database without rows. Calls of one suite share a database, emptied each time (clock and statements are set
 * back too); `fresh` gives one of its own, `migrated: false` one of its own without a schema.
 */
export type OpenTestDatabase = (options?: { fresh?: boolean; migrated?: boolean }) => Promise<TestDatabase>;

type DefineSuite = (open: OpenTestDatabase, backend: Backend) => void;

/** A suite on PGlite, and the same on PostgreSQL. Everything opened is closed and removed behind it. */
export function describeOnEachDatabase(name: string, define: DefineSuite): void {
  describeOn('embedded', name, define);
  describeOn('postgres', name, define);
}

/** For what only one of them has. */
export function describeOn(backend: Backend, name: string, define: DefineSuite): void {
  const reason = skipReason(backend);
  describe(`${name} [${backend}]`, reason === null ? {} : { skip: reason }, () =>
    defineSuite(backend, define),
  );
}

/** Why tests on this database cannot run here; null when they can. */
export function skipReason(backend: Backend): string | null {
  if (backend === 'embedded' || postgresUrl() !== undefined) return null;
  return `PostgreSQL is not there: no binaries were found and ${POSTGRES_URL_VARIABLE} is not set`;
}

function defineSuite(backend: Backend, define: DefineSuite): void {
  const cleanups: (() => Promise<void>)[] = [];
  let shared: Promise<TestDatabase> | undefined;
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  define(async ({ fresh = false, migrated = true } = {}) => {
    if (fresh || !migrated) return await openTestDatabase(backend, migrated, cleanups);
    shared ??= openTestDatabase(backend, true, cleanups);
    const database = await shared;
    await empty(database);
    return database;
  }, backend);
}

async function openTestDatabase(
  backend: Backend,
  migrated: boolean,
  cleanups: (() => Promise<void>)[],
): Promise<TestDatabase> {
  const config = await createDatabase(backend, migrated, cleanups);
  const statements: string[] = [];
  const clock = createTestClock();
  const logger = createRecordingLogger();
  const raw = openRawConnection(config);
  const open = async (options: Partial<OpenStorageOptions>) => {
    const storage = await openStorage({ database: config, logger, now: clock.now, ...options });
    cleanups.push(() => storage.close());
    return storage;
  };
  const storage = await open({ onStatement: (sql) => statements.push(sql) });
  cleanups.push(() => raw.close());
  return {
    backend,
    storage,
    statements,
    clock,
    logger,
    config,
    query: raw.query,
    openAnother: (options = {}) => open({ mode: 'command', ...options }),
  };
}

async function createDatabase(
  backend: Backend,
  migrated: boolean,
  cleanups: (() => Promise<void>)[],
): Promise<Config['database']> {
  if (backend === 'postgres') {
    const database = await createPostgresDatabase({ migrated });
    cleanups.push(() => database.drop());
    return database.config;
  }
  const directory = await createEmbeddedFolder({ migrated });
  cleanups.push(async () => rmSync(dirname(directory), { recursive: true, force: true }));
  return { kind: 'embedded', directory };
}

/** What migrations make, and nothing else. */
const EMPTY = `
  delete from auth_service_data.audit_events;
  delete from auth_service_data.revocations;
  delete from auth_service_data.app_clients;
  delete from auth_service_data.profiles;
  delete from auth_service_identity.users;
  delete from auth_service_identity.signing_keys;
  delete from auth_service_data.roles;
  delete from auth_service_data.permissions;
  delete from auth_service_data.signing_keys;
  delete from auth_service_data.bootstrap_marks;`;

async function empty({ query, statements, clock, logger }: TestDatabase): Promise<void> {
  await query(EMPTY);
  clock.set(TEST_EPOCH);
  statements.length = 0;
  logger.lines.length = 0;
}
