import { type Kysely, sql } from 'kysely';
import type { Config } from '#config';
import { ServiceError } from '#errors';
import type { Logger } from '#observability';
import type { Archive } from './archive/archive.ts';
import { createArchive } from './archive/create-archive.ts';
import type { Engine } from './engine/engine.ts';
import type { OnStatement } from './engine/observed-dialect.ts';
import { createInOrder } from './in-order.ts';
import { arrangeFunctionRights } from './migrations/function-rights.ts';
import { createMigrations } from './migrations/runner.ts';
import type { Migrations } from './migrations/status.ts';
import { ensurePartitions } from './stores/audit-partitions.ts';
import { createStores } from './stores/create-stores.ts';
import type { Stores, TransactionStores } from './stores.ts';
import type { Tables } from './tables.ts';

export interface OpenStorageOptions {
  readonly database: Config['database'];
  readonly logger: Logger;
  readonly now: () => Date;
  /** Whether people have their accounts in this database, or with another server. Default: true. */
  readonly accountsAreOurs?: boolean | undefined;
  /** Called with each statement just before it is sent; `begin`, `commit` and `rollback` are statements too. */
  readonly onStatement?: OnStatement | undefined;
  /**
   * serve (default): the embedded data folder is this process's own, or it throws `data_folder_locked`. command: uses
   * the folder when it is free, else goes through the socket of the server that holds it. alone: as serve, and nobody
   * else gets in.
   */
  readonly mode?: 'serve' | 'command' | 'alone' | undefined;
}

export interface Storage extends Stores {
  readonly kind: 'postgres' | 'embedded';
  /** All or nothing: a throw rolls back and comes out unchanged. Not nested. */
  transaction<T>(work: (stores: TransactionStores) => Promise<T>): Promise<T>;
  /**
   * A transaction under the lock of this name, which is held until it ends. Who waits for another one of this process
   * waits without a connection, so that a slow one does not take them from everybody else.
   */
  transactionUnder<T>(lock: string, work: (stores: TransactionStores) => Promise<T>): Promise<T>;
  /** Without a transaction: one after the other in this process. */
  inOrder<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Asks the database one bounded question. Throws `database_unavailable`. */
  check(): Promise<void>;
  readonly migrations: Migrations;
  readonly archive: Archive;
  /** Waits for running work, bounded; safe to call twice. */
  close(): Promise<void>;
}

/**
 * PostgreSQL is first connected to when it is first asked something. The embedded database is open, its folder locked,
 * when this returns; otherwise it throws `data_folder_locked`.
 */
export async function openStorage(options: OpenStorageOptions): Promise<Storage> {
  const engine = await openEngine(options);
  const { now, accountsAreOurs = true } = options;
  const { db } = engine;
  const settings = { now, accountsAreOurs };
  const inOrder = createInOrder();
  let closing: Promise<void> | undefined;

  async function inTransaction<T>(
    over: Kysely<Tables>,
    work: (stores: TransactionStores, transaction: Kysely<Tables>) => Promise<T>,
  ): Promise<T> {
    const afterwards: (() => void)[] = [];
    const result = await over.transaction().execute(async (transaction) => {
      const last: (() => Promise<void>)[] = [];
      const stores: TransactionStores = {
        ...createStores(transaction, settings),
        async lock(name) {
          await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction);
        },
        beforeCommit: (work) => void last.push(work),
        afterCommit: (done) => void afterwards.push(done),
      };
      const done = await work(stores, transaction);
      for (const work of last) await work();
      return done;
    });
    for (const done of afterwards) done();
    return result;
  }

  const migrations = createMigrations({
    engine,
    logger: options.logger,
    now,
    withEach: (transaction) => ensurePartitions(transaction, now()),
    async afterUp(schemaDb) {
      await ensurePartitions(schemaDb, now());
      await arrangeFunctionRights(schemaDb, options.logger);
    },
  });

  const storage: Storage = {
    ...createStores(db, settings),
    kind: engine.kind,
    inOrder,
    transactionUnder: (lock, work) =>
      inOrder(`transaction ${lock}`, () =>
        storage.transaction(async (stores) => {
          await stores.lock(lock);
          return await work(stores);
        }),
      ),
    transaction: (work) => inTransaction(db, work),
    check: () => check(engine),
    migrations,
    archive: createArchive({ engine, migrations, inTransaction }),
    close() {
      closing ??= engine.close();
      return closing;
    },
  };
  return storage;
}

/** Only the driver that is needed gets loaded. */
async function openEngine({
  database,
  mode = 'serve',
  logger,
  onStatement,
}: OpenStorageOptions): Promise<Engine> {
  if (database.kind === 'postgres') {
    const { openPostgres } = await import('./engine/postgres.ts');
    return await openPostgres(database, mode === 'serve', logger, onStatement);
  }
  const { openEmbedded } = await import('./embedded/embedded.ts');
  return await openEmbedded({ directory: database.directory, mode, logger, onStatement });
}

async function check({ db, checkTimeoutMs }: Engine): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const refuse = () => reject(new ServiceError('database_unavailable', undefined, { retryAfterSeconds: 1 }));
  const timer = setTimeout(refuse, checkTimeoutMs);
  const question = sql`select 1`.execute(db);
  try {
    await Promise.race([question, late]);
  } finally {
    clearTimeout(timer);
    question.catch(() => undefined);
  }
}
