import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

interface Partition {
  /** Table name, as `audit_events_2030_01`. */
  readonly name: string;
  /** First moment of the month, inclusive, and of the next, exclusive; UTC. */
  readonly from: string;
  readonly to: string;
}

const MONTHS = 3;
const LOCK_NAME = 'auth_service_data.audit_partitions';

/** Makes the partitions of this month and the next two that are missing; asks one question when none is. */
export async function ensurePartitions(db: Kysely<Tables>, now: Date): Promise<void> {
  const wanted = Array.from({ length: MONTHS }, (_, month) => partitionOf(now, month));
  if ((await missing(db, wanted)).length === 0) return;
  const create = async (transaction: Kysely<Tables>) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${LOCK_NAME}, 0))`.execute(transaction);
    for (const partition of await missing(transaction, wanted)) await createPartition(transaction, partition);
  };
  if (db.isTransaction) await create(db);
  else await db.transaction().execute(create);
}

/** Gives each month that the default partition caught, as after a restore, one of its own. @param db a transaction */
export async function partitionOlderMonths(db: Kysely<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${LOCK_NAME}, 0))`.execute(db);
  const { rows } = await sql<{ month: Date }>`
    select distinct date_trunc('month', occurred_at, 'UTC') as month
    from ${sql.table('auth_service_data.audit_events_default')} order by 1`.execute(db);
  const found = rows.map(({ month }) => partitionOf(month, 0));
  for (const partition of await missing(db, found)) await createPartition(db, partition);
}

function partitionOf(now: Date, monthsAhead: number): Partition {
  const start = (months: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
  const from = start(monthsAhead).toISOString();
  return {
    name: `audit_events_${from.slice(0, 7).replace('-', '_')}`,
    from,
    to: start(monthsAhead + 1).toISOString(),
  };
}

async function missing(db: Kysely<Tables>, wanted: readonly Partition[]): Promise<Partition[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'auth_service_data' and c.relname = any(${wanted.map(({ name }) => name)}::text[])`.execute(
    db,
  );
  return wanted.filter(({ name }) => !rows.some((row) => row.name === name));
}

/**
 * Beside the parent first, then attached: that locks readers and writers out only for the moment of attaching. What
 * the default partition caught of this month moves over, since both cannot hold the same range.
 */
async function createPartition(transaction: Kysely<Tables>, { name, from, to }: Partition): Promise<void> {
  const parent = sql.table('auth_service_data.audit_events');
  const net = sql.table('auth_service_data.audit_events_default');
  const table = sql.table(`auth_service_data.${name}`);
  const [start, end] = [sql.lit(from), sql.lit(to)];
  await sql`create table ${table} (like ${parent} including defaults including constraints)`.execute(
    transaction,
  );
  await sql`alter table ${table} enable row level security`.execute(transaction);
  await hideFromOthers(transaction, name);
  await sql`
    with moved as (delete from ${net} where occurred_at >= ${start} and occurred_at < ${end} returning *)
    insert into ${table} select * from moved`.execute(transaction);
  await sql`alter table ${parent} attach partition ${table} for values from (${start}) to (${end})`.execute(
    transaction,
  );
}

/** Takes back what the database grants on new tables by default, as Supabase's does in some schemas. */
async function hideFromOthers(transaction: Kysely<Tables>, table: string): Promise<void> {
  const others = await sql<{ name: string }>`
    select distinct coalesce(quote_ident(role.rolname), 'public') as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join aclexplode(c.relacl) granted
    left join pg_catalog.pg_roles role on role.oid = granted.grantee
    where n.nspname = 'auth_service_data' and c.relname = ${table} and granted.grantee <> c.relowner`.execute(
    transaction,
  );
  for (const { name } of others.rows) {
    await sql`revoke all on ${sql.table(`auth_service_data.${table}`)} from ${sql.raw(name)}`.execute(
      transaction,
    );
  }
}
