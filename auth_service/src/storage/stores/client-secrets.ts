import { type Kysely, type Selectable, sql } from 'kysely';
import type { ClientSecret } from '../records.ts';
import type { ClientSecretStore } from '../stores.ts';
import type { AppClientSecretsTable, Tables } from '../tables.ts';
import { isUuid, requireUuids } from './uuid.ts';

export function createClientSecretStore(db: Kysely<Tables>): ClientSecretStore {
  return {
    async insert(secret) {
      requireUuids(secret.clientId);
      const row = await db
        .insertInto('app_client_secrets')
        .values(toRow(secret))
        .returningAll()
        .executeTakeFirstOrThrow();
      return toSecret(row);
    },

    async list(clientId) {
      if (!isUuid(clientId)) return [];
      const found = db.selectFrom('app_client_secrets').selectAll().where('client_id', '=', clientId);
      return (await found.orderBy('created_at', 'desc').orderBy('id', 'desc').execute()).map(toSecret);
    },

    async delete(clientId, id) {
      if (!isUuid(clientId) || !isUuid(id)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('app_client_secrets')
        .where('client_id', '=', clientId)
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async expire(ids, at) {
      if (ids.length === 0) return;
      await db
        .updateTable('app_client_secrets')
        .set({ expires_at: at })
        .where('id', 'in', [...ids])
        .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', at)]))
        .execute();
    },

    async deleteExpired(clientId, now) {
      if (!isUuid(clientId)) return;
      await db
        .deleteFrom('app_client_secrets')
        .where('client_id', '=', clientId)
        .where('expires_at', '<=', now)
        .execute();
    },

    async recordUse(uses) {
      if (uses.length === 0) return;
      // Its column alone: what a client holds has not changed, and the trigger on the others stays still.
      await sql`
        update ${sql.table('auth_service_data.app_client_secrets')} secret set last_used_at = used.at
        from jsonb_to_recordset(${JSON.stringify(uses)}::jsonb) as used (id uuid, at timestamptz)
        where secret.id = used.id and (secret.last_used_at is null or secret.last_used_at < used.at)`.execute(
        db,
      );
    },

    async replaceHash(id, fromHash, { algorithm, hash }) {
      if (!isUuid(id)) return false;
      const { numUpdatedRows } = await db
        .updateTable('app_client_secrets')
        .set({ algorithm, hash })
        .where('id', '=', id)
        .where('hash', '=', fromHash)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}

function toRow(secret: ClientSecret) {
  return {
    id: secret.id,
    client_id: secret.clientId,
    algorithm: secret.algorithm,
    hash: secret.hash,
    hint: secret.hint,
    created_at: secret.createdAt,
    expires_at: secret.expiresAt,
    last_used_at: secret.lastUsedAt,
  };
}

function toSecret(row: Selectable<AppClientSecretsTable>): ClientSecret {
  return {
    id: row.id,
    clientId: row.client_id,
    algorithm: row.algorithm,
    hash: row.hash,
    hint: row.hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
