import { type Kysely, sql } from 'kysely';
import type { UserRoleStore } from '../person-stores.ts';
import type { Tables } from '../tables.ts';
import { readHeldPage } from './held-page.ts';
import { isUuid, requireUuids } from './uuid.ts';

/** The provider whose identities let nobody in without a password. */
const BY_PASSWORD = 'email';

const LINKS = {
  table: 'user_roles',
  holder: 'user_id',
  thing: 'role_id',
  things: 'roles',
} as const;

export function createUserRoleStore(db: Kysely<Tables>, accountsAreOurs: boolean): UserRoleStore {
  return {
    async add({ userId, roleId, assignedAt }) {
      requireUuids(userId, roleId);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('user_roles')
        .values({ user_id: userId, role_id: roleId, assigned_at: assignedAt })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },

    async remove(userId, roleId) {
      if (!isUuid(userId) || !isUuid(roleId)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('user_roles')
        .where('user_id', '=', userId)
        .where('role_id', '=', roleId)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async list(userId) {
      if (!isUuid(userId)) return [];
      return await db
        .selectFrom('user_roles')
        .innerJoin('roles', 'roles.id', 'user_roles.role_id')
        .select(['roles.id as roleId', 'roles.name', 'user_roles.assigned_at as assignedAt'])
        .where('user_roles.user_id', '=', userId)
        .orderBy('roles.name')
        .execute();
    },

    async page(userId, page) {
      if (!isUuid(userId)) return { items: [], count: 0 };
      const { items, count } = await readHeldPage(db, LINKS, userId, page);
      return { items: items.map(({ id, ...link }) => ({ roleId: id, ...link })), count };
    },

    async carried(userId) {
      if (!isUuid(userId)) return [];
      const rows = await db
        .selectFrom('user_roles')
        .innerJoin('role_permissions', 'role_permissions.role_id', 'user_roles.role_id')
        .innerJoin('permissions', 'permissions.id', 'role_permissions.permission_id')
        .select('permissions.name')
        .distinct()
        .where('user_roles.user_id', '=', userId)
        .orderBy('permissions.name')
        .execute();
      return rows.map(({ name }) => name);
    },

    async usable(userId, sessionId, now) {
      if (!isUuid(userId) || (sessionId !== null && !isUuid(sessionId))) return [];
      const isUsable = accountsAreOurs ? usableLogin(sessionId, now) : notBanned(now);
      const { rows } = await sql<{ name: string }>`
        select distinct permission.name
        from ${sql.table('auth_service_data.user_roles')} assigned
        join ${sql.table('auth_service_data.profiles')} profile
          on profile.user_id = assigned.user_id and profile.is_active
        left join ${sql.table('auth_service_identity.users')} account on account.id = assigned.user_id
        join ${sql.table('auth_service_data.role_permissions')} granted on granted.role_id = assigned.role_id
        join ${sql.table('auth_service_data.permissions')} permission on permission.id = granted.permission_id
        where assigned.user_id = ${userId} and ${isUsable}
        order by permission.name`.execute(db);
      return rows.map(({ name }) => name);
    },

    async holders(roleName, limit) {
      const rows = await db
        .selectFrom('user_roles')
        .innerJoin('roles', 'roles.id', 'user_roles.role_id')
        .select('user_roles.user_id')
        .where('roles.name', '=', roleName)
        .orderBy('user_roles.assigned_at')
        .orderBy('user_roles.user_id')
        .limit(limit)
        .execute();
      return rows.map(({ user_id }) => user_id);
    },

    async isHeld(roleName, now) {
      const row = await db
        .selectFrom('user_roles')
        .innerJoin('roles', 'roles.id', 'user_roles.role_id')
        .innerJoin('profiles', 'profiles.user_id', 'user_roles.user_id')
        .select('user_roles.user_id')
        .where('roles.name', '=', roleName)
        .where('profiles.is_active', '=', true)
        .$if(accountsAreOurs, (query) => query.where(({ exists }) => exists(usableAccount(db, now))))
        .$if(!accountsAreOurs, (query) => query.where(notBanned(now, 'profiles')))
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

function usableLogin(sessionId: string | null, now: Date) {
  return sql<boolean>`(account.id is null or (
    account.email_confirmed_at is not null and (account.banned_until is null or account.banned_until <= ${now})
    and (${sessionId}::uuid is null or exists (
      select from ${sql.table('auth_service_identity.sessions')} live
      where live.id = ${sessionId}::uuid and live.user_id = account.id))))`;
}

/** As far as was seen of an account that Supabase keeps. */
function notBanned(now: Date, profile = 'profile') {
  const bannedUntil = sql.ref(`${profile}.account_banned_until`);
  const goneAt = sql.ref(`${profile}.account_gone_at`);
  return sql<boolean>`((${bannedUntil} is null or ${bannedUntil} <= ${now}) and ${goneAt} is null)`;
}

/** The account of a row of `user_roles`, if there is a way in to it. */
function usableAccount(db: Kysely<Tables>, now: Date) {
  return db
    .selectFrom('auth_service_identity.users as account')
    .select('account.id')
    .whereRef('account.id', '=', sql.ref('user_roles.user_id'))
    .where('account.email_confirmed_at', 'is not', null)
    .where((eb) => eb.or([eb('account.banned_until', 'is', null), eb('account.banned_until', '<=', now)]))
    .where((eb) =>
      eb.or([
        eb('account.password_hash', 'is not', null),
        eb.exists(
          eb
            .selectFrom('auth_service_identity.identities as linked')
            .select('linked.id')
            .whereRef('linked.user_id', '=', 'account.id')
            .where('linked.provider', '<>', BY_PASSWORD),
        ),
      ]),
    );
}
