import type { Kysely } from 'kysely';
import type { BootstrapMarkStore } from '../stores.ts';
import type { Tables } from '../tables.ts';

export function createBootstrapMarkStore(db: Kysely<Tables>): BootstrapMarkStore {
  return {
    async set(name, at) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('bootstrap_marks')
        .values({ name, at })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },

    list: () => db.selectFrom('bootstrap_marks').select(['name', 'at']).orderBy('name').execute(),
  };
}
