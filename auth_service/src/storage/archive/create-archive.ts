import { type Kysely, sql } from 'kysely';
import { ServiceError } from '#errors';
import type { Engine } from '../engine/engine.ts';
import type { MigrationsWithin } from '../migrations/runner.ts';
import type { TransactionStores } from '../stores.ts';
import type { Tables } from '../tables.ts';
import type { Archive } from './archive.ts';
import { findTables, tablesToEmpty } from './catalogue.ts';
import { countRows, replaceAll } from './replace-all.ts';
import { takeSnapshot } from './take-snapshot.ts';

export interface ArchiveDependencies {
  readonly engine: Engine;
  readonly migrations: MigrationsWithin;
  /** Runs the work in a transaction of this database. */
  readonly inTransaction: <T>(
    db: Kysely<Tables>,
    work: (stores: TransactionStores, transaction: Kysely<Tables>) => Promise<T>,
  ) => Promise<T>;
}

export function createArchive({ engine, migrations, inTransaction }: ArchiveDependencies): Archive {
  return {
    read: (options, work) =>
      engine
        .withSchemaDatabase((db) =>
          db.transaction().execute(async (transaction) => work(await takeSnapshot(transaction, options))),
        )
        .catch((error: unknown) => {
          throw sayingWhatIsMissing(error);
        }),

    count: () =>
      engine.withSchemaDatabase(async (db) =>
        (await findTables(db)).length === 0 ? new Map() : await countRows(db, await tablesToEmpty(db)),
      ),

    async replace({ schemaVersion, finish, ...replacement }) {
      const to = await versionToFill(schemaVersion, migrations);
      const inserted = await engine.withSchemaDatabase((db) =>
        inTransaction(db, async (stores, transaction) => {
          // Rows go into the schema that they came from, so that the migrations after it do to them what they did to others.
          await migrations.upWithin(transaction, { to });
          const counts = await replaceAll(transaction, replacement);
          await migrations.upWithin(transaction);
          await finish(stores, counts);
          return counts;
        }),
      );
      await migrations.up();
      await engine.withSchemaDatabase(async (db) => {
        for (const { name } of await tablesToEmpty(db)) await sql`analyze ${sql.table(name)}`.execute(db);
      });
      return inserted;
    },
  };
}

/** SQLSTATE. */
const INSUFFICIENT_PRIVILEGE = '42501';

function sayingWhatIsMissing(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE)) return error;
  return new ServiceError(
    'insufficient_permission',
    `The database's role may not read everything: ${error.message}. Connect as the owner of the tables, or as a role that may read them past row level security.`,
    { cause: error },
  );
}

async function versionToFill(version: number, migrations: MigrationsWithin): Promise<number> {
  const { database, oldestServed } = await migrations.status();
  if (database > version && oldestServed > version) {
    throw new ServiceError(
      'archive_misfit',
      `The archive is of schema ${version}, too old for the schema ${database} of this database. Restore into an empty database: it is brought up to date there.`,
    );
  }
  return version;
}
