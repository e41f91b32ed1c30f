import { type Kysely, sql } from 'kysely';
import type { SeenAccount, Standing, SupabaseSession } from '../person-records.ts';
import type { SupabaseAccountStore } from '../person-stores.ts';
import type { ProfilesTable } from '../person-tables.ts';
import type { Tables } from '../tables.ts';
import { toProfile, toRow } from './profiles.ts';
import { isUuid } from './uuid.ts';

type AsJson<Row> = { [Column in keyof Row]: Row[Column] extends Date ? string : Row[Column] };

interface StandingRow {
  readonly profile: AsJson<ProfilesTable> | null;
  readonly roles: string[];
  readonly permissions: string[];
  readonly login: Standing['login'];
  readonly isBanned: boolean;
}

export function createSupabaseAccountStore(db: Kysely<Tables>): SupabaseAccountStore {
  return {
    async standing(userId, sessionId, isShared) {
      const login = isShared ? loginOf(userId, sessionId) : sql`'not visible'`;
      const { rows } = await sql<StandingRow>`
        with held as (${heldBy(userId)})
        select ${login} as login,
          exists (select from ${PROFILES} profile
            where profile.user_id = ${userId} and profile.account_banned_until > now()) as "isBanned",
          (select to_json(profile) from ${PROFILES} profile where profile.user_id = ${userId}) as profile,
          (select coalesce(array_agg(held.name order by held.name), '{}') from held) as roles,
          (select coalesce(array_agg(distinct permission.name order by permission.name), '{}')
            from held
            join ${sql.table('auth_service_data.role_permissions')} granted on granted.role_id = held.id
            join ${sql.table('auth_service_data.permissions')} permission on permission.id = granted.permission_id
          ) as permissions`.execute(db);
      return toStanding(rows[0]);
    },

    async blindness() {
      const { rows } = await sql<{ why: string | null }>`select ${BLINDNESS} as why`.execute(db);
      return rows[0]?.why ?? null;
    },

    async hookRights() {
      const { rows } = await sql<{ rights: HookRights }>`select ${HOOK_RIGHTS} as rights`.execute(db);
      return rows[0]?.rights ?? 'refused';
    },

    async clock() {
      const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
      return new Date(rows[0]?.now ?? Number.NaN);
    },

    async hasUser(userId, updatedAt) {
      if (!isUuid(userId)) return false;
      const { rows } = await sql`
        select from ${sql.table('auth.users')} where id = ${userId}
          and date_trunc('milliseconds', updated_at)
            is not distinct from date_trunc('milliseconds', ${updatedAt}::timestamptz)`.execute(db);
      return rows.length > 0;
    },

    async hasSession(userId, sessionId) {
      if (!isUuid(userId) || !isUuid(sessionId)) return false;
      const { rows } = await sql`
        select from ${sql.table('auth.sessions')} where id = ${sessionId} and user_id = ${userId}`.execute(
        db,
      );
      return rows.length > 0;
    },

    async limitEnded(expiresAt) {
      const { numAffectedRows } = await sql`
        update ${sql.table('auth_service_data.revocations')} ended set expires_at = ${expiresAt}
        where ended.kind = 'session' and ended.expires_at is null
          and not exists (select from ${sql.table('auth.sessions')} login where login.id::text = ended.subject)`.execute(
        db,
      );
      return Number(numAffectedRows ?? 0n);
    },

    async sessions(userId) {
      if (!isUuid(userId)) return [];
      const { rows } = await sql<SupabaseSession>`
        select id, created_at as "createdAt", host(ip) as ip, user_agent as "userAgent", coalesce(aal::text, 'aal1') as aal,
          coalesce(refreshed_at at time zone 'UTC', created_at) as "lastSeenAt"
        from ${sql.table('auth.sessions')}
        where user_id = ${userId} and (not_after is null or not_after > now())
        order by created_at desc, id desc`.execute(db);
      return rows;
    },

    async remember(userId, seen) {
      if (!isUuid(userId)) return false;
      const { numUpdatedRows } = await db
        .updateTable('profiles')
        .set({ email: seen.email, ...seenColumns(seen), account_gone_at: null })
        .where('user_id', '=', userId)
        .$if(seen.updatedAt !== null, (query) =>
          query.where(({ eb, or }) =>
            or([eb('account_updated_at', 'is', null), eb('account_updated_at', '<=', seen.updatedAt)]),
          ),
        )
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async markGone(userId, at) {
      if (!isUuid(userId)) return;
      await db
        .updateTable('profiles')
        .set({ account_gone_at: at })
        .where('user_id', '=', userId)
        .where('account_gone_at', 'is', null)
        .execute();
    },

    async remembered(userId) {
      if (!isUuid(userId)) return null;
      const row = await db
        .selectFrom('profiles')
        .selectAll()
        .where('user_id', '=', userId)
        .executeTakeFirst();
      if (row === undefined) return null;
      return {
        email: row.email,
        confirmedAt: row.account_confirmed_at,
        bannedUntil: row.account_banned_until,
        lastSignInAt: row.account_last_sign_in_at,
        updatedAt: row.account_updated_at,
        handedOverAt: row.account_handed_over_at,
      };
    },

    async markHandedOver(userId, at) {
      if (!isUuid(userId)) return;
      await db
        .updateTable('profiles')
        .set({ account_handed_over_at: at })
        .where('user_id', '=', userId)
        .execute();
    },

    async adoptMany(people, roleNames) {
      if (people.length === 0) return 0;
      const rows = people.map(({ seen, ...profile }) => ({ ...toRow(profile), ...seenColumns(seen) }));
      const { rows: made } = await sql<{ user_id: string }>`
        with created as (
          ${db
            .insertInto('profiles')
            .values(rows)
            .onConflict((conflict) => conflict.column('user_id').doNothing())
            .returning(['user_id', 'created_at'])}
        ), given as (
          insert into ${USER_ROLES} (user_id, role_id, assigned_at)
          select created.user_id, role.id, created.created_at from created cross join ${ROLES} role
          where role.name = any (${[...roleNames]}::text[])
        )
        select user_id from created`.execute(db);
      return made.length;
    },
  };
}

const PROFILES = sql.table('auth_service_data.profiles');
const ROLES = sql.table('auth_service_data.roles');
const USER_ROLES = sql.table('auth_service_data.user_roles');

/** The one rule of the claims: without a profile the default role, with an inactive one nothing, else what was granted. */
function heldBy(userId: string) {
  return sql`
    select role.id, role.name from ${USER_ROLES} assigned
      join ${PROFILES} profile on profile.user_id = assigned.user_id and profile.is_active
      join ${ROLES} role on role.id = assigned.role_id
      where assigned.user_id = ${userId}
    union all
    select fallback.id, fallback.name from ${ROLES} fallback
      where fallback.name = 'user'
        and not exists (select from ${PROFILES} profile where profile.user_id = ${userId})`;
}

/** Whether GoTrue would still go on with it. */
function loginOf(userId: string, sessionId: string) {
  return sql`case when exists (
    select from ${sql.table('auth.sessions')} login
      join ${sql.table('auth.users')} account on account.id = login.user_id
      where login.id = ${sessionId} and account.id = ${userId}
        and (login.not_after is null or login.not_after > now())
        and (account.banned_until is null or account.banned_until <= now()) and account.deleted_at is null
  ) then 'alive' else 'ended' end`;
}

/**
 * Rows that row level security hides look like rows that are not there, and everybody would be logged out: what it is on
 * for counts as not readable.
 */
const BLINDNESS = sql`
  case
    when to_regnamespace('auth') is null then 'this database has no schema auth'
    when not has_schema_privilege('auth', 'usage') then 'the role ' || current_user || ' has no usage on schema auth'
    when to_regclass('auth.users') is null or to_regclass('auth.sessions') is null
      or to_regclass('auth.schema_migrations') is null
      then 'the schema auth of this database is not that of Supabase Auth'
    when not has_table_privilege('auth.users', 'select') or not has_table_privilege('auth.sessions', 'select')
      then 'the role ' || current_user || ' may not select from auth.users and auth.sessions'
    when row_security_active('auth.users') or row_security_active('auth.sessions')
      then 'row level security hides the rows of schema auth from the role ' || current_user
  end`;

type HookRights = Awaited<ReturnType<SupabaseAccountStore['hookRights']>>;

const GOTRUE_ROLE = sql`'supabase_auth_admin'`;
const mayCall = (signature: string) =>
  sql`has_function_privilege(${GOTRUE_ROLE}, to_regprocedure(${signature}), 'execute')`;

/** In this order: of a role that is not there nothing may be asked. */
const HOOK_RIGHTS = sql`
  case
    when not exists (select from pg_roles where rolname = ${GOTRUE_ROLE}) then 'no role'
    when has_schema_privilege(${GOTRUE_ROLE}, to_regnamespace('auth_service_data'), 'usage')
      and ${mayCall('auth_service_data.custom_access_token_hook(jsonb)')}
      and ${mayCall('auth_service_data.get_user_rbac_claims(uuid)')} then 'granted'
    else 'refused'
  end`;

function toStanding(row: StandingRow | undefined): Standing {
  if (row === undefined) throw new TypeError('a statement without a table gave no row');
  const { profile, ...standing } = row;
  if (profile === null) return { ...standing, profile };
  const dates = { created_at: new Date(profile.created_at), updated_at: new Date(profile.updated_at) };
  return { ...standing, profile: toProfile({ ...profile, ...dates }) };
}

function seenColumns({ confirmedAt, bannedUntil, lastSignInAt, updatedAt }: SeenAccount) {
  return {
    account_confirmed_at: confirmedAt,
    account_banned_until: bannedUntil,
    account_last_sign_in_at: lastSignInAt,
    ...(updatedAt === null ? {} : { account_updated_at: updatedAt }),
  };
}
