import type { Kysely, Selectable } from 'kysely';
import type { Role } from '../records.ts';
import type { NamedColumn, Page, RoleStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { contains, countAll, listPage, orderOf } from './paging.ts';
import { isUuid } from './uuid.ts';

const BY_NAME = { column: 'name', isDescending: false } as const;

/** What roles and permissions have in common: rows with a name of their own. */
export function createNamedRows(
  db: Kysely<Tables>,
  table: 'roles' | 'permissions',
): Omit<RoleStore, 'usage' | 'carriedByHolders'> {
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

    list(page: Page<NamedColumn>) {
      const { q, limit, offset, sort = BY_NAME } = page;
      const found = db
        .selectFrom(table)
        .$if(q !== undefined && q !== '', (query) =>
          query.where((eb) => contains(eb, ['name', 'description'], q ?? '')),
        );
      const readPage = async () =>
        (
          await found
            .selectAll()
            .orderBy(...orderOf(sort))
            .orderBy('id')
            .limit(limit)
            .offset(offset)
            .execute()
        ).map(toRecord);
      return listPage(page, readPage, () => found.select(countAll).executeTakeFirstOrThrow());
    },

    async update(id, { name, description, updatedAt }) {
      if (!isUuid(id)) return null;
      const row = await db
        .updateTable(table)
        .set({
          updated_at: updatedAt,
          ...(name === undefined ? {} : { name }),
          ...(description === undefined ? {} : { description }),
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : toRecord(row);
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
