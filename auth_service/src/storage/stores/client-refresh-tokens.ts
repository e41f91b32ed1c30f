import { type Kysely, type Selectable, sql } from 'kysely';
import { ServiceError } from '#errors';
import type { RefreshTokenFamily } from '../records.ts';
import type { ClientRefreshTokenStore } from '../stores.ts';
import { type AppClientRefreshTokensTable, SCHEMA, type Tables } from '../tables.ts';
import { deleteExpiredRows } from './expired-rows.ts';
import { isUuid, requireUuids } from './uuid.ts';

export function createClientRefreshTokenStore(db: Kysely<Tables>): ClientRefreshTokenStore {
  return {
    async insert(family) {
      requireUuids(family.clientId);
      const { id, client_id, token_hash, scope, resources, created_at, refreshed_at, expires_at } =
        toRow(family);
      // The lock waits for a change of the client that is under way, and is judged by what it left.
      const { numAffectedRows = 0n } = await sql`
        insert into ${sql.table(`${SCHEMA}.app_client_refresh_tokens`)}
          (id, client_id, token_hash, scope, resources, created_at, refreshed_at, expires_at)
        select ${id}::uuid, client.id, ${token_hash}::text, ${scope}::text[], ${resources}::text[],
          ${created_at}::timestamptz, ${refreshed_at}::timestamptz, ${expires_at}::timestamptz
        from ${sql.table(`${SCHEMA}.app_clients`)} client
        where client.id = ${client_id}::uuid and client.is_active and client.refresh_tokens
        for share of client`.execute(db);
      if (numAffectedRows === 0n) throw new ServiceError('not_found');
    },

    async deleteOf(clientId) {
      if (!isUuid(clientId)) return 0;
      const { numDeletedRows } = await db
        .deleteFrom('app_client_refresh_tokens')
        .where('client_id', '=', clientId)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },

    async findById(id) {
      if (!isUuid(id)) return null;
      const found = db.selectFrom('app_client_refresh_tokens').selectAll().where('id', '=', id);
      const row = await found.executeTakeFirst();
      return row === undefined ? null : toFamily(row);
    },

    async find(id, clientId) {
      if (!isUuid(id) || !isUuid(clientId)) return null;
      const row = await db
        .selectFrom('app_client_refresh_tokens')
        .selectAll()
        .where('id', '=', id)
        .where('client_id', '=', clientId)
        .executeTakeFirst();
      return row === undefined ? null : toFamily(row);
    },

    async replaceHash(id, fromHash, { tokenHash, refreshedAt, expiresAt }) {
      if (!isUuid(id)) return false;
      const { numUpdatedRows } = await db
        .updateTable('app_client_refresh_tokens')
        .set({ token_hash: tokenHash, refreshed_at: refreshedAt, expires_at: expiresAt })
        .where('id', '=', id)
        .where('token_hash', '=', fromHash)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async delete(id) {
      if (!isUuid(id)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('app_client_refresh_tokens')
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    deleteExpired: (before, limit) => deleteExpiredRows(db, 'app_client_refresh_tokens', before, limit),
  };
}

function toRow(family: RefreshTokenFamily) {
  return {
    id: family.id,
    client_id: family.clientId,
    token_hash: family.tokenHash,
    scope: family.scope === null ? null : [...family.scope],
    resources: [...family.resources],
    created_at: family.createdAt,
    refreshed_at: family.refreshedAt,
    expires_at: family.expiresAt,
  };
}

function toFamily(row: Selectable<AppClientRefreshTokensTable>): RefreshTokenFamily {
  return {
    id: row.id,
    clientId: row.client_id,
    tokenHash: row.token_hash,
    scope: row.scope,
    resources: row.resources,
    createdAt: row.created_at,
    refreshedAt: row.refreshed_at,
    expiresAt: row.expires_at,
  };
}
