import type { Kysely } from 'kysely';
import type { RightsRevisionStore } from '../stores.ts';
import type { Tables } from '../tables.ts';

export function createRightsRevisionStore(db: Kysely<Tables>): RightsRevisionStore {
  return {
    async read() {
      const { value } = await db.selectFrom('rights_revision').select('value').executeTakeFirstOrThrow();
      return Number(value);
    },
  };
}
