import { type Kysely, sql } from 'kysely';
import { ServiceError } from '#errors';
import { SERVER_NAME } from '../engine/postgres.ts';
import { partitionOlderMonths } from '../stores/audit-partitions.ts';
import type { Tables } from '../tables.ts';
import type { ArchivedTable, Replacement } from './archive.ts';
import { AUDIT, findTables, isOfSupabase, tablesToEmpty } from './catalogue.ts';

/** A server asks for what was revoked each second. */
const BUSY_SECONDS = 10;

type Portions = Replacement['portions'];

/** Rows in each of these tables that has some. */
export async function countRows(
  db: Kysely<Tables>,
  tables: readonly ArchivedTable[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of tables) {
    const { rows } = await sql<{
      count: string;
    }>`select count(*)::text as count from ${sql.table(name)}`.execute(db);
    const count = Number(rows[0]?.count ?? 0);
    if (count > 0) counts.set(name, count);
  }
  return counts;
}

/** @param db a transaction, on a schema of the archive's version or a compatible one. */
export async function replaceAll(
  db: Kysely<Tables>,
  { tables, portions, force }: Pick<Replacement, 'tables' | 'portions' | 'force'>,
): Promise<Map<string, number>> {
  await refuseWhileServed(db);
  await refuseMisfits(db, tables);
  await makeRoom(db, tables, force);
  await fireNoTriggersOfOthers(db, tables);
  await sql`set local row_security = off`.execute(db);
  const inserted = await insertAll(db, tables, portions);
  await partitionOlderMonths(db);
  // What is looked at when the transaction ends would be in the way of migrations.
  await sql`set constraints all immediate`.execute(db);
  // Whoever kept rights in memory reads them again.
  await sql`update auth_service_data.rights_revision set value = value + 1`.execute(db);
  return inserted;
}

/** What a running server holds in memory, and goes on writing, would not be what is in the database. */
async function refuseWhileServed(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql<{ count: string }>`
    select count(*)::text as count from pg_catalog.pg_stat_activity
    where datname = current_database() and application_name = ${SERVER_NAME} and pid <> pg_backend_pid()
      and (state_change is null or state_change > now() - make_interval(secs => ${BUSY_SECONDS}))`.execute(
    db,
  );
  const count = Number(rows[0]?.count ?? 0);
  if (count === 0) return;
  throw new ServiceError(
    'target_in_use',
    `A server runs on this database (${count} connections). Stop every replica, wait ${BUSY_SECONDS} seconds, and restore again.`,
  );
}

async function refuseMisfits(db: Kysely<Tables>, tables: readonly ArchivedTable[]): Promise<void> {
  const there = await findTables(db);
  for (const { name, columns } of tables) {
    const table = there.find((found) => found.name === name);
    if (table === undefined) throw misfit(`This database has no table ${name}, and the archive has`);
    const missing = columns.filter((column) => !table.columns.includes(column));
    if (missing.length > 0) {
      throw misfit(`Its table ${name} has no column ${missing.join(', ')}, and the archive has`);
    }
  }
}

/** Emptied with `truncate`, which deletes nothing of others that points to us: it refuses instead. */
async function makeRoom(db: Kysely<Tables>, tables: readonly ArchivedTable[], force: boolean): Promise<void> {
  const ours = await tablesToEmpty(db);
  const filled = await countRows(db, ours);
  if (filled.size > 0 && !force) {
    throw new ServiceError(
      'target_not_empty',
      `This database is not empty (${describeCounts(filled)}). Restore into an empty one, or replace what is there with: --force`,
    );
  }
  await refuseAccountsOfSupabase(db, tables);
  if (filled.size === 0) return;
  try {
    await sql`truncate ${sql.join(ours.map(({ name }) => sql.table(name)))}`.execute(db);
  } catch (error) {
    const isPointedTo = error instanceof Error && 'code' in error && error.code === '0A000';
    if (!isPointedTo) throw error;
    const which = 'detail' in error ? String(error.detail).replace(/\.$/, '') : error.message;
    throw misfit(`Tables of others point to ours (${which}), so that these cannot be emptied`, error);
  }
}

/** Never emptied: other tables of that database hang on them. */
async function refuseAccountsOfSupabase(db: Kysely<Tables>, tables: readonly ArchivedTable[]): Promise<void> {
  const filled = await countRows(
    db,
    tables.filter(({ name }) => isOfSupabase(name)),
  );
  if (filled.size === 0) return;
  throw new ServiceError(
    'target_not_empty',
    `Supabase Auth has accounts here (${describeCounts(filled)}), and they are never replaced. Restore into a Supabase without accounts, or leave them out with: --no-supabase-auth`,
  );
}

function describeCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([table, count]) => `${table}: ${count}`).join(', ');
}

/** Supabase projects hang triggers on its table of users, which have done their work for these rows long ago. */
async function fireNoTriggersOfOthers(db: Kysely<Tables>, tables: readonly ArchivedTable[]): Promise<void> {
  if (!tables.some(({ name }) => isOfSupabase(name))) return;
  const { rows } = await sql<{ may: boolean }>`
    select has_parameter_privilege('session_replication_role', 'set') as may`.execute(db);
  if (rows[0]?.may === true) await sql`set local session_replication_role = replica`.execute(db);
}

async function insertAll(
  db: Kysely<Tables>,
  tables: readonly ArchivedTable[],
  portions: Portions,
): Promise<Map<string, number>> {
  const inserted = new Map<string, number>();
  for await (const { table: name, rows } of portions) {
    const table = tables.find((each) => each.name === name);
    if (table === undefined) throw misfit(`The archive has rows of a table that it does not name, ${name}`);
    const count = await insertRows(db, table, rows);
    inserted.set(name, (inserted.get(name) ?? 0) + count);
  }
  return inserted;
}

async function insertRows(
  db: Kysely<Tables>,
  { name, columns }: ArchivedTable,
  lines: readonly string[],
): Promise<number> {
  const chosen = sql.join(columns.map((column) => sql.ref(column)));
  const table = sql.table(name);
  // What the audit has already is no loss; anything else that is there twice is no copy of a database.
  const known = name === AUDIT ? sql`on conflict do nothing` : sql``;
  const { numAffectedRows } = await sql`
    insert into ${table} (${chosen}) overriding system value
    select ${chosen} from jsonb_populate_recordset(null::${table}, ${`[${lines.join(',')}]`}::jsonb) ${known}`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0n);
}

function misfit(why: string, cause?: unknown): ServiceError {
  return new ServiceError('archive_misfit', `${why}. Restore into an empty database.`, { cause });
}
