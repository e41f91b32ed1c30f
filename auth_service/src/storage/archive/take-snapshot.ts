import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { ArchivedTable, Snapshot, SnapshotOptions } from './archive.ts';
import { tablesToCopy } from './catalogue.ts';

const PORTION_ROWS = 500;

/** @param db a transaction in which nothing was asked yet. */
export async function takeSnapshot(db: Kysely<Tables>, options: SnapshotOptions): Promise<Snapshot> {
  await sql`set transaction isolation level repeatable read, read only`.execute(db);
  // Times and byte strings as every session reads them.
  await sql`set local timezone = 'UTC'`.execute(db);
  await sql`set local bytea_output = 'hex'`.execute(db);
  // Row level security would leave rows out without a word: so it is an error instead.
  await sql`set local row_security = off`.execute(db);
  return {
    schemaVersion: await versionOf(db),
    tables: await tablesToCopy(db, options),
    rows: (table) => readRows(db, table),
  };
}

async function* readRows(db: Kysely<Tables>, { name, columns }: ArchivedTable): AsyncGenerator<string[]> {
  const chosen = sql.join(columns.map((column) => sql.ref(column)));
  await sql`
    declare archived_rows no scroll cursor for
    select to_jsonb(archived)::text as line from (select ${chosen} from ${sql.table(name)}) archived`.execute(
    db,
  );
  for (;;) {
    const { rows } = await sql<{ line: string }>`fetch ${sql.lit(PORTION_ROWS)} from archived_rows`.execute(
      db,
    );
    if (rows.length === 0) break;
    yield rows.map(({ line }) => line);
  }
  await sql`close archived_rows`.execute(db);
}

async function versionOf(db: Kysely<Tables>): Promise<number> {
  const { version } = await db
    .selectFrom('schema_migrations')
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirstOrThrow();
  return version ?? 0;
}
