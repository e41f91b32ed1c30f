import type { Kysely, Selectable } from 'kysely';
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
