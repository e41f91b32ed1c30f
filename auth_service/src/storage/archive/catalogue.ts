import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { ArchivedTable, SnapshotOptions } from './archive.ts';

const OURS = ['auth_service_data', 'auth_service_identity'];
const SUPABASE_AUTH = 'auth';
export const AUDIT = 'auth_service_data.audit_events';

/** Every table of ours is copied but these: what a database says of itself, and log-ins. */
const LEFT_OUT: readonly string[] = [
  'auth_service_data.schema_migrations',
  'auth_service_data.rights_revision',
  'auth_service_data.app_client_refresh_tokens',
  'auth_service_identity.sessions',
];
/** A restore leaves what is in them. */
const STAYING: readonly string[] = [
  'auth_service_data.schema_migrations',
  'auth_service_data.rights_revision',
  AUDIT,
];
/** The same of Supabase Auth, and what lasts for minutes there. Tables that are not known here are copied. */
const LEFT_OUT_OF_SUPABASE: readonly string[] = [
  'schema_migrations',
  'instances',
  'sessions',
  'refresh_tokens',
  'mfa_amr_claims',
  'mfa_challenges',
  'one_time_tokens',
  'flow_state',
  'saml_relay_states',
  'oauth_authorizations',
  'oauth_client_states',
  'webauthn_challenges',
].map((table) => `${SUPABASE_AUTH}.${table}`);

/** Numbers of transactions mean nothing to another server. */
const LEFT_OUT_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  'auth_service_data.revocations': ['xid'],
};

interface FoundTable extends ArchivedTable {
  /** Names of the tables that its foreign keys point to. */
  readonly parents: readonly string[];
}

/** What a copy takes, in an order in which it can be put back. */
export async function tablesToCopy(
  db: Kysely<Tables>,
  { withAudit, withSupabaseAuth }: SnapshotOptions,
): Promise<ArchivedTable[]> {
  const left = [...LEFT_OUT, ...LEFT_OUT_OF_SUPABASE, ...(withAudit ? [] : [AUDIT])];
  const tables = await findTables(db, withSupabaseAuth ? [...OURS, SUPABASE_AUTH] : OURS);
  return tables.filter(({ name }) => !left.includes(name));
}

/** What a restore empties. */
export async function tablesToEmpty(db: Kysely<Tables>): Promise<ArchivedTable[]> {
  return (await findTables(db, OURS)).filter(({ name }) => !STAYING.includes(name));
}

export function isOfSupabase(table: string): boolean {
  return table.startsWith(`${SUPABASE_AUTH}.`);
}

export async function findTables(
  db: Kysely<Tables>,
  schemas = [...OURS, SUPABASE_AUTH],
): Promise<FoundTable[]> {
  const { rows } = await sql<FoundTable>`
    select n.nspname || '.' || c.relname as name,
      array(
        select a.attname::text from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum
      ) as columns,
      array(
        select distinct parent_schema.nspname || '.' || parent.relname
        from pg_catalog.pg_constraint k
        join pg_catalog.pg_class parent on parent.oid = k.confrelid
        join pg_catalog.pg_namespace parent_schema on parent_schema.oid = parent.relnamespace
        where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid
      ) as parents
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any(${schemas}::text[]) and c.relkind in ('r', 'p') and not c.relispartition
    order by 1`.execute(db);
  return parentsFirst(rows.map((table) => ({ ...table, columns: columnsToCopy(table) })));
}

function columnsToCopy({ name, columns }: ArchivedTable): string[] {
  return columns.filter((column) => !LEFT_OUT_COLUMNS[name]?.includes(column));
}

function parentsFirst(tables: readonly FoundTable[]): FoundTable[] {
  const ordered: FoundTable[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const isWaiting = (name: string) => waiting.some((table) => table.name === name);
    const free = waiting.filter(({ parents }) => !parents.some(isWaiting));
    // Two that point to each other, which none of ours do: then their keys have to be looked at when all is there.
    if (free.length === 0) return [...ordered, ...waiting];
    ordered.push(...free);
    waiting = waiting.filter((table) => !free.includes(table));
  }
  return ordered;
}
