import { after, before, describe } from 'node:test';
import type { Storage } from '#storage';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { type BuildOptions, buildOauth, type TestOauth } from './build-oauth.ts';

export interface OauthSuite {
  storage(): Storage;
  /** What the storage has sent. */
  readonly statements: string[];
  /** SQL as text, past the stores; not among `statements`. */
  readonly query: TestDatabase['query'];
  /** Another instance of the room on the suite's database. */
  build(options?: BuildOptions): Promise<TestOauth>;
}

/** A suite of the room on each database, on one without rows at its start. */
export function describeOauth(name: string, define: (suite: OauthSuite) => void): void {
  describeOnEachDatabase(name, (open) => {
    let database: TestDatabase;
    const built: TestOauth[] = [];

    // Of its own, so that its hooks run before the database is closed.
    describe('on the rooms below', () => {
      before(async () => {
        database = await open();
      });
      after(async () => {
        for (const one of built) await one.close();
      });

      define({
        storage: () => database.storage,
        get statements() {
          return database.statements;
        },
        query: (...text) => database.query(...text),
        async build(options) {
          const one = await buildOauth(database, options);
          built.push(one);
          return one;
        },
      });
    });
  });
}
