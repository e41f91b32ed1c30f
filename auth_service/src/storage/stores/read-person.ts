import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { Account, LinkedIdentity, Person } from '../person-records.ts';
import type { IdentitiesTable, ProfilesTable, UsersTable } from '../person-tables.ts';
import type { Tables } from '../tables.ts';
import { toProfile } from './profiles.ts';

/** As `to_json` gives a row: times are text. */
type AsJson<Row> = { [Column in keyof Row]: Row[Column] extends Date ? string : Row[Column] };
type Dated = { readonly created_at: string; readonly updated_at: string };

export interface PersonRow extends Selectable<UsersTable> {
  identities: (AsJson<Selectable<IdentitiesTable>> & { last_sign_in_at: string | null })[];
  profile: AsJson<Selectable<ProfilesTable>> | null;
  roles: string[];
  permissions: string[];
}

/**
 * What a person holds follows one rule, that of the claims: without a profile (born elsewhere) the default role; with
 * an inactive profile nothing; else what was granted.
 */
export function personColumns(): RawBuilder<unknown> {
  return sql`
    account.*,
    (select coalesce(json_agg(linked order by linked.created_at, linked.id), '[]')
      from ${sql.table('auth_service_identity.identities')} linked where linked.user_id = account.id
    ) as identities,
    case when profile.user_id is null then null else to_json(profile) end as profile,
    held.names as roles,
    (select coalesce(array_agg(distinct permission.name order by permission.name), '{}')
      from ${sql.table('auth_service_data.role_permissions')} granted
      join ${sql.table('auth_service_data.permissions')} permission on permission.id = granted.permission_id
      where granted.role_id = any (held.ids)
    ) as permissions`;
}

export function personTables(): RawBuilder<unknown> {
  return sql`
    ${sql.table('auth_service_identity.users')} account
    left join ${sql.table('auth_service_data.profiles')} profile on profile.user_id = account.id
    cross join lateral (
      select array_agg(role.id) as ids, coalesce(array_agg(role.name order by role.name), '{}') as names
      from (
        select granted.id, granted.name
          from ${sql.table('auth_service_data.user_roles')} assigned
          join ${sql.table('auth_service_data.roles')} granted on granted.id = assigned.role_id
          where assigned.user_id = account.id and profile.is_active
        union all
        select fallback.id, fallback.name from ${sql.table('auth_service_data.roles')} fallback
          where profile.user_id is null and fallback.name = 'user'
      ) role
    ) held`;
}

export async function readPerson(db: Kysely<Tables>, condition: RawBuilder<unknown>): Promise<Person | null> {
  const { rows } = await sql<PersonRow>`
    select ${personColumns()} from ${personTables()} where ${condition}`.execute(db);
  return rows[0] === undefined ? null : toPerson(rows[0]);
}

export function toPerson(row: PersonRow): Person {
  const { identities, profile, roles, permissions } = row;
  return {
    account: toAccount(row),
    identities: identities.map(toLinkedIdentity),
    profile: profile === null ? null : toProfile({ ...profile, ...dates(profile) }),
    roles,
    permissions,
  };
}

export function toAccount(row: Selectable<UsersTable>): Account {
  return {
    id: row.id,
    email: row.email,
    passwordHash: row.password_hash,
    emailConfirmedAt: row.email_confirmed_at,
    emailProvedAt: row.email_proved_at,
    lastSignInAt: row.last_sign_in_at,
    bannedUntil: row.banned_until,
    appMetadata: row.app_metadata,
    userMetadata: row.user_metadata,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toLinkedIdentity(row: PersonRow['identities'][number]): LinkedIdentity {
  const { created_at, updated_at } = dates(row);
  return {
    id: row.id,
    userId: row.user_id,
    provider: row.provider,
    providerId: row.provider_id,
    identityData: row.identity_data,
    email: row.email,
    lastSignInAt: row.last_sign_in_at === null ? null : new Date(row.last_sign_in_at),
    createdAt: created_at,
    updatedAt: updated_at,
  };
}

function dates({ created_at, updated_at }: Dated): { created_at: Date; updated_at: Date } {
  return { created_at: new Date(created_at), updated_at: new Date(updated_at) };
}
