import { after, before, describe } from 'node:test';
import { type Backend, describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { buildIdentity, type IdentityOptions, type TestIdentity } from './build-identity.ts';

export interface IdentitySuite {
  /** Shared by the suite; accounts confirm themselves. */
  identity(): TestIdentity;
  database(): TestDatabase;
  readonly backend: Backend;
  /** Another one on the suite's database. */
  build(options: IdentityOptions): Promise<TestIdentity>;
}

/** A suite of the room on each database, on one without rows at its start. */
export function describeIdentity(name: string, define: (suite: IdentitySuite) => void): void {
  describeOnEachDatabase(name, (open, backend) => {
    let database: TestDatabase;
    let identity: TestIdentity;
    const built: TestIdentity[] = [];

    // Of its own, so that its hooks run before the database is closed.
    describe('on the rooms below', () => {
      before(async () => {
        database = await open();
        identity = await build();
      });
      after(async () => {
        for (const one of built) await one.close();
      });

      define({ identity: () => identity, database: () => database, backend, build });
    });

    async function build(options: IdentityOptions = {}): Promise<TestIdentity> {
      const one = await buildIdentity(database, options);
      built.push(one);
      return one;
    }
  });
}
