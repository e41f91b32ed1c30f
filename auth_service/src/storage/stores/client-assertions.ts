import type { Kysely } from 'kysely';
import type { ClientAssertionStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { deleteExpiredRows } from './expired-rows.ts';
import { requireUuids } from './uuid.ts';

export function createClientAssertionStore(db: Kysely<Tables>): ClientAssertionStore {
  return {
    async remember({ clientId, jtiHash, expiresAt }) {
      requireUuids(clientId);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('app_client_assertions')
        .values({ client_id: clientId, jti_hash: jtiHash, expires_at: expiresAt })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },

    deleteExpired: (before, limit) => deleteExpiredRows(db, 'app_client_assertions', before, limit),
  };
}
