import type { Kysely, Selectable } from 'kysely';
import type { SigningKey } from '../records.ts';
import type { SigningKeyStore } from '../stores.ts';
import type { SigningKeysTable, Tables } from '../tables.ts';

/** Each ring of keys has a table of its own. */
type KeyTable = 'signing_keys' | 'auth_service_identity.signing_keys';

export function createSigningKeyStore(db: Kysely<Tables>, table: KeyTable): SigningKeyStore {
  return {
    async insert(key) {
      const row = await db.insertInto(table).values(toRow(key)).returningAll().executeTakeFirstOrThrow();
      return toKey(row);
    },

    async list() {
      const rows = await db.selectFrom(table).selectAll().orderBy('created_at').orderBy('kid').execute();
      return rows.map(toKey);
    },

    async updateState(kid, { state, activatedAt, retiredAt, expiresAt }) {
      const { numUpdatedRows } = await db
        .updateTable(table)
        .set({
          state,
          ...(activatedAt === undefined ? {} : { activated_at: activatedAt }),
          ...(retiredAt === undefined ? {} : { retired_at: retiredAt }),
          ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
        })
        .where('kid', '=', kid)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async reseal(kid, sealedPrivateKey) {
      const { numUpdatedRows } = await db
        .updateTable(table)
        .set({ sealed_private_key: sealedPrivateKey })
        .where('kid', '=', kid)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async deleteExpired(now) {
      const { numDeletedRows } = await db.deleteFrom(table).where('expires_at', '<=', now).executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

function toRow(key: SigningKey) {
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    state: key.state,
    public_jwk: JSON.stringify(key.publicJwk),
    sealed_private_key: key.sealedPrivateKey,
    created_at: key.createdAt,
    activated_at: key.activatedAt,
    retired_at: key.retiredAt,
    expires_at: key.expiresAt,
  };
}

function toKey(row: Selectable<SigningKeysTable>): SigningKey {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state,
    publicJwk: row.public_jwk,
    sealedPrivateKey: row.sealed_private_key,
    createdAt: row.created_at,
    activatedAt: row.activated_at,
    retiredAt: row.retired_at,
    expiresAt: row.expires_at,
  };
}
