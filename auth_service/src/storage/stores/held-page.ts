import { type Kysely, sql } from 'kysely';
import type { HeldPage, Listed } from '../stores.ts';
import { SCHEMA, type Tables } from '../tables.ts';
import { literally } from './paging.ts';

/** A table of links: whose column names the holder, and what they hold. */
interface Links {
  readonly table: 'role_permissions' | 'app_client_roles' | 'user_roles';
  readonly holder: 'role_id' | 'client_id' | 'user_id';
  readonly thing: 'permission_id' | 'role_id';
  readonly things: 'permissions' | 'roles';
}

interface Held {
  readonly id: string;
  readonly name: string;
  readonly assignedAt: Date;
}

/** One page by name with the count of all, which a page past the end tells too: one statement. */
export async function readHeldPage(
  db: Kysely<Tables>,
  { table, holder, thing, things }: Links,
  holderId: string,
  { q = '', limit, offset }: HeldPage,
): Promise<Listed<Held>> {
  const { rows } = await sql<{ count: number; id: string | null; name: string; assigned_at: Date }>`
    with held as (
      select thing.id, thing.name, link.assigned_at
      from ${sql.table(`${SCHEMA}.${table}`)} link
      join ${sql.table(`${SCHEMA}.${things}`)} thing on thing.id = link.${sql.ref(thing)}
      where link.${sql.ref(holder)} = ${holderId}
        ${q === '' ? sql`` : sql`and thing.name ilike ${`%${literally(q)}%`}`}
    ),
    page as (select * from held order by name limit ${limit} offset ${offset})
    select counted.count, page.*
    from (select count(*)::integer as count from held) counted left join page on true
    order by page.name`.execute(db);
  const items = rows.flatMap(({ id, name, assigned_at: assignedAt }) =>
    id === null ? [] : [{ id, name, assignedAt }],
  );
  return { items, count: rows[0]?.count ?? 0 };
}
