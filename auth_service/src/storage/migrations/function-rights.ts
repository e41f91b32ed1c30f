import { type Kysely, sql } from 'kysely';
import type { Logger } from '#observability';
import type { Tables } from '../tables.ts';

const INCOMPLETE = 'the rights to call functions of the database may be incomplete';

/**
 * Lets the roles of Supabase that exist by now call the functions that are for them, and no other, and has those that
 * run with their owner's rights owned by a role that may only read. What the database refuses is told in the log.
 */
export async function arrangeFunctionRights(db: Kysely<Tables>, logger: Logger): Promise<void> {
  const allowed = await sql<{ may_arrange: boolean }>`
    select has_function_privilege('auth_service_data.arrange_function_rights()', 'execute') as may_arrange`.execute(
    db,
  );
  if (allowed.rows[0]?.may_arrange !== true) {
    logger.warning(INCOMPLETE, { reason: 'Only the owner of the schema auth_service_data may grant them.' });
    return;
  }
  const { rows } = await sql<{ reason: string }>`
    select reason from auth_service_data.arrange_function_rights() as reason`.execute(db);
  for (const { reason } of rows) logger.warning(INCOMPLETE, { reason });
}
