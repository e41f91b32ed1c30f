import { type Kysely, sql } from 'kysely';
import type { Revocation } from '../records.ts';
import type { RevocationStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { deleteExpiredRows } from './expired-rows.ts';

/** Before every transaction there was. */
const BEGINNING = '0';

interface Row {
  readonly horizon: string;
  /** Null where nothing is new: the horizon comes all the same. */
  readonly id: string | null;
  readonly kind: Revocation['kind'];
  readonly subject: string | null;
  readonly spared: string | null;
  readonly revoked_at: Date;
  readonly expires_at: Date | null;
}

export function createRevocationStore(db: Kysely<Tables>): RevocationStore {
  return {
    async insertMany(revocations) {
      if (revocations.length === 0) return;
      await db
        .insertInto('revocations')
        .values(
          revocations.map(({ id, kind, subject, spared = null, revokedAt, expiresAt }) => ({
            id,
            kind,
            subject,
            spared,
            revoked_at: revokedAt,
            expires_at: expiresAt,
          })),
        )
        .execute();
    },

    async listSince(horizon, now) {
      // One statement, so that rows and horizon are of one snapshot.
      const { rows } = await sql<Row>`
        select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
          found.id, found.kind, found.subject, found.spared, found.revoked_at, found.expires_at
        from (values (true)) as always (there)
        left join ${sql.table('auth_service_data.revocations')} found
          on found.xid >= ${horizon ?? BEGINNING}::xid8 and (found.expires_at is null or found.expires_at > ${now})
      `.execute(db);
      return {
        horizon: rows[0]?.horizon ?? BEGINNING,
        revocations: rows.flatMap((row) => (row.id === null ? [] : [toRevocation({ ...row, id: row.id })])),
      };
    },

    async listOfUser(userId) {
      const rows = await db
        .selectFrom('revocations')
        .selectAll()
        .where('kind', '=', 'user')
        .where('subject', '=', userId)
        .execute();
      return rows.map(toRevocation);
    },

    deleteExpired: (before, limit) => deleteExpiredRows(db, 'revocations', before, limit),
  };
}

function toRevocation(row: Omit<Row, 'horizon'> & { readonly id: string }): Revocation {
  return {
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    spared: row.spared,
    revokedAt: row.revoked_at,
    expiresAt: row.expires_at,
  };
}
