import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aSigningKey, minutesAfter } from './builders.ts';

describeOnEachDatabase("store of people's signing keys", (open) => {
  it("is another one than the machines', with an active key of its own", async () => {
    const { storage } = await open();
    const theirs = await storage.signingKeys.insert(aSigningKey({ state: 'active' }));
    const active = aSigningKey({ state: 'active', activatedAt: TEST_EPOCH });
    assert.deepEqual(await storage.personKeys.insert(active), active);
    assert.deepEqual(await storage.personKeys.list(), [active]);
    assert.deepEqual(await storage.signingKeys.list(), [theirs]);
    const second = storage.personKeys.insert(aSigningKey({ state: 'active' }));
    await assert.rejects(second, (error) => isServiceError(error, 'already_exists'));
    assert.equal(await storage.personKeys.updateState(theirs.kid, { state: 'retired' }), false);
    assert.equal(await storage.signingKeys.updateState(active.kid, { state: 'retired' }), false);
  });

  it('keeps, reseals, retires and forgets its keys without touching theirs', async () => {
    const { storage } = await open();
    const expiresAt = minutesAfter(TEST_EPOCH, 1);
    const theirs = await storage.signingKeys.insert(aSigningKey({ state: 'retired', expiresAt }));
    const key = await storage.personKeys.insert(aSigningKey());
    assert.equal(await storage.personKeys.reseal(key.kid, 'v1.newer.sealed'), true);
    const retiredAt = TEST_EPOCH;
    await storage.personKeys.updateState(key.kid, { state: 'retired', retiredAt, expiresAt });
    assert.deepEqual(await storage.personKeys.list(), [
      { ...key, sealedPrivateKey: 'v1.newer.sealed', state: 'retired', retiredAt, expiresAt },
    ]);
    assert.equal(await storage.personKeys.deleteExpired(expiresAt), 1);
    assert.deepEqual(await storage.personKeys.list(), []);
    assert.deepEqual(await storage.signingKeys.list(), [theirs]);
  });
});

describeOnEachDatabase('the schema of people', (open) => {
  it('is secured row by row, and nothing of it is granted to anybody', async () => {
    const { query } = await open();
    const tables = await query(`
      select relname as name, relrowsecurity as secured, coalesce(relacl::text, '') as rights
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind = 'r' and (nspname = 'auth_service_identity' or relname in ('profiles', 'user_roles'))
      order by relname`);
    assert.deepEqual(
      tables.map(({ name }) => name),
      ['identities', 'profiles', 'sessions', 'signing_keys', 'user_roles', 'users'],
    );
    for (const { name, secured, rights } of tables) {
      assert.equal(secured, true, `${name}`);
      // Rights of the public are written without a name before the sign.
      assert.doesNotMatch(`${rights}`, /(?:^|[{,])=|anon|authenticated/, `${name}`);
    }
    const [schema] = await query(
      "select coalesce(nspacl::text, '') as rights from pg_namespace where nspname = 'auth_service_identity'",
    );
    assert.doesNotMatch(`${schema?.rights}`, /(?:^|[{,])=|anon|authenticated/);
  });
});
