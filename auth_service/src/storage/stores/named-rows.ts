import type { Kysely, Selectable } from 'kysely';
import type { Role } from '../records.ts';
import type { Page, RoleStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { contains, countAll, listPage } from './paging.ts';
import { isUuid } from './uuid.ts';

/** What roles and permissions have in common: rows with a name of their own. */
export function createNamedRows(
  db: Kysely<Tables>,
  table: 'roles' | 'permissions',
): Omit<RoleStore, 'usage'> {
  const find = async (column: 'id' | 'name', value: string) => {
    const row = await db.selectFrom(table).selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? null : toRecord(row);
  };

  return {
    async insert(record) {
      return toRecord(
        await db.insertInto(table).values(toRow(record)).returningAll().executeTakeFirstOrThrow(),
      );
    },

    find: async (id) => (isUuid(id) ? await find('id', id) : null),

    findByName: (name) => find('name', name),

    async findByNames(names) {
      if (names.length === 0) return [];
      const found = db.selectFrom(table).selectAll();
      return (
        await found
          .where((eb) => eb('name', '=', eb.fn.any(eb.val([...names]))))
          .orderBy('name')
          .execute()
      ).map(toRecord);
    },

    list(page: Page) {
      const { q, limit, offset } = page;
      const found = db
        .selectFrom(table)
        .$if(q !== undefined && q !== '', (query) =>
          query.where((eb) => contains(eb, ['name', 'description'], q ?? '')),
        );
      const readPage = async () =>
        (await found.selectAll().orderBy('name').limit(limit).offset(offset).execute()).map(toRecord);
      return listPage(page, readPage, () => found.select(countAll).executeTakeFirstOrThrow());
    },

    async delete(id) {
      if (!isUuid(id)) return false;
      const { numDeletedRows } = await db.deleteFrom(table).where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

function toRow(record: Role) {
  const { id, name, description, createdAt, updatedAt } = record;
  return { id, name, description, created_at: createdAt, updated_at: updatedAt };
}

function toRecord(row: Selectable<Tables['roles']>): Role {
  const { id, name, description, created_at, updated_at } = row;
  return { id, name, description, createdAt: created_at, updatedAt: updated_at };
}
