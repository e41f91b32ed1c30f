import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

type ExpiringTable = 'app_client_refresh_tokens' | 'app_client_assertions' | 'revocations';

/** The oldest first. Rows that another process is deleting, or using, are passed over. @returns how many went. */
export async function deleteExpiredRows(
  db: Kysely<Tables>,
  table: ExpiringTable,
  before: Date,
  limit: number,
): Promise<number> {
  const rows = sql.table(`auth_service_data.${table}`);
  const { numAffectedRows } = await sql`
    delete from ${rows} where ctid = any(array(
      select ctid from ${rows} where expires_at < ${before} order by expires_at limit ${limit}
      for update skip locked))`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
