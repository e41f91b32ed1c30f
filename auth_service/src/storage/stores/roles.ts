import { type Kysely, sql } from 'kysely';
import type { RoleStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { createNamedRows } from './named-rows.ts';
import { isUuid } from './uuid.ts';

export function createRoleStore(db: Kysely<Tables>): RoleStore {
  return {
    ...createNamedRows(db, 'roles'),

    async carriedByHolders(id) {
      if (!isUuid(id)) return [];
      const { rows } = await sql<{ name: string }>`
        select distinct permission.name
        from (
          select other.role_id from ${sql.table('auth_service_data.user_roles')} mine
            join ${sql.table('auth_service_data.user_roles')} other on other.user_id = mine.user_id
            where mine.role_id = ${id}
          union
          select other.role_id from ${sql.table('auth_service_data.app_client_roles')} mine
            join ${sql.table('auth_service_data.app_client_roles')} other on other.client_id = mine.client_id
            where mine.role_id = ${id}
        ) held
        join ${sql.table('auth_service_data.role_permissions')} granted on granted.role_id = held.role_id
        join ${sql.table('auth_service_data.permissions')} permission on permission.id = granted.permission_id
        order by permission.name`.execute(db);
      return rows.map(({ name }) => name);
    },

    async usage(id) {
      if (!isUuid(id)) return { clients: 0, users: 0 };
      const { rows } = await sql<{ clients: number; users: number }>`
        select
          (select count(*)::integer from ${sql.table('auth_service_data.app_client_roles')} held where held.role_id = ${id}) as clients,
          (select count(*)::integer from ${sql.table('auth_service_data.user_roles')} held where held.role_id = ${id}) as users
      `.execute(db);
      return rows[0] ?? { clients: 0, users: 0 };
    },
  };
}
