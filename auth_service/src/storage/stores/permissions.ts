import type { Kysely } from 'kysely';
import type { PermissionStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { createNamedRows } from './named-rows.ts';
import { isUuid } from './uuid.ts';

export function createPermissionStore(db: Kysely<Tables>): PermissionStore {
  return {
    ...createNamedRows(db, 'permissions'),

    async carriedByHolders(id) {
      if (!isUuid(id)) return [];
      const rows = await db
        .selectFrom('role_permissions as mine')
        .innerJoin('role_permissions as other', 'other.role_id', 'mine.role_id')
        .innerJoin('permissions', 'permissions.id', 'other.permission_id')
        .select('permissions.name')
        .distinct()
        .where('mine.permission_id', '=', id)
        .orderBy('permissions.name')
        .execute();
      return rows.map(({ name }) => name);
    },

    async usage(id) {
      if (!isUuid(id)) return { roles: [] };
      const holders = await db
        .selectFrom('role_permissions')
        .innerJoin('roles', 'roles.id', 'role_permissions.role_id')
        .select('roles.name')
        .where('role_permissions.permission_id', '=', id)
        .orderBy('roles.name')
        .execute();
      return { roles: holders.map(({ name }) => name) };
    },
  };
}
