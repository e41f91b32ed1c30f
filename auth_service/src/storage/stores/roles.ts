import { type Kysely, sql } from 'kysely';
import type { RoleStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { createNamedRows } from './named-rows.ts';
import { isUuid } from './uuid.ts';

export function createRoleStore(db: Kysely<Tables>): RoleStore {
  return {
    ...createNamedRows(db, 'roles'),

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
