import type { Kysely } from 'kysely';
import type { RolePermissionStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { readHeldPage } from './held-page.ts';
import { isUuid, requireUuids } from './uuid.ts';

const LINKS = {
  table: 'role_permissions',
  holder: 'role_id',
  thing: 'permission_id',
  things: 'permissions',
} as const;

export function createRolePermissionStore(db: Kysely<Tables>): RolePermissionStore {
  return {
    async add({ roleId, permissionId, assignedAt }) {
      requireUuids(roleId, permissionId);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('role_permissions')
        .values({ role_id: roleId, permission_id: permissionId, assigned_at: assignedAt })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },

    async remove(roleId, permissionId) {
      if (!isUuid(roleId) || !isUuid(permissionId)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('role_permissions')
        .where('role_id', '=', roleId)
        .where('permission_id', '=', permissionId)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async list(roleId) {
      if (!isUuid(roleId)) return [];
      return await db
        .selectFrom('role_permissions')
        .innerJoin('permissions', 'permissions.id', 'role_permissions.permission_id')
        .select([
          'permissions.id as permissionId',
          'permissions.name',
          'role_permissions.assigned_at as assignedAt',
        ])
        .where('role_permissions.role_id', '=', roleId)
        .orderBy('permissions.name')
        .execute();
    },

    async page(roleId, page) {
      if (!isUuid(roleId)) return { items: [], count: 0 };
      const { items, count } = await readHeldPage(db, LINKS, roleId, page);
      return { items: items.map(({ id, ...link }) => ({ permissionId: id, ...link })), count };
    },

    all: () =>
      db
        .selectFrom('role_permissions')
        .innerJoin('permissions', 'permissions.id', 'role_permissions.permission_id')
        .select([
          'role_permissions.role_id as roleId',
          'permissions.id as permissionId',
          'permissions.name',
          'role_permissions.assigned_at as assignedAt',
        ])
        .orderBy('permissions.name')
        .execute(),

    async carried(roleIds) {
      const ids = roleIds.filter(isUuid);
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('role_permissions')
        .innerJoin('permissions', 'permissions.id', 'role_permissions.permission_id')
        .select('permissions.name')
        .distinct()
        .where((eb) => eb('role_permissions.role_id', '=', eb.fn.any(eb.val(ids))))
        .orderBy('permissions.name')
        .execute();
      return rows.map(({ name }) => name);
    },
  };
}
