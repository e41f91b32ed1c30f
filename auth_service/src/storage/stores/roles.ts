import type { Kysely } from 'kysely';
import type { RoleStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { createNamedRows } from './named-rows.ts';
import { countAll } from './paging.ts';
import { isUuid } from './uuid.ts';

export function createRoleStore(db: Kysely<Tables>): RoleStore {
  return {
    ...createNamedRows(db, 'roles'),

    async usage(id) {
      if (!isUuid(id)) return { clients: 0 };
      const held = db.selectFrom('app_client_roles').select(countAll).where('role_id', '=', id);
      return { clients: (await held.executeTakeFirstOrThrow()).count };
    },
  };
}
