import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aSigningKey, minutesAfter } from './builders.ts';

describeOnEachDatabase('signing key store: crud', (open) => {
  it('keys come back as they went in, oldest first', async () => {
    const { storage } = await open();
    const young = aSigningKey({ createdAt: minutesAfter(TEST_EPOCH, 1), algorithm: 'EdDSA' });
    const old = aSigningKey({
      state: 'retired',
      activatedAt: TEST_EPOCH,
      retiredAt: TEST_EPOCH,
      expiresAt: minutesAfter(TEST_EPOCH, 9),
    });
    assert.deepEqual(await storage.signingKeys.insert(young), young);
    await storage.signingKeys.insert(old);
    assert.deepEqual(await storage.signingKeys.list(), [old, young]);
    await assert.rejects(storage.signingKeys.insert(old), (error) => isServiceError(error, 'already_exists'));
  });

  it('a change of state leaves alone what it does not name', async () => {
    const { storage } = await open();
    const key = await storage.signingKeys.insert(aSigningKey());
    const activatedAt = minutesAfter(TEST_EPOCH, 1);
    assert.equal(await storage.signingKeys.updateState(key.kid, { state: 'active', activatedAt }), true);
    const retiredAt = minutesAfter(TEST_EPOCH, 2);
    assert.equal(await storage.signingKeys.updateState(key.kid, { state: 'retired', retiredAt }), true);
    assert.deepEqual(await storage.signingKeys.list(), [
      { ...key, state: 'retired', activatedAt, retiredAt },
    ]);
    assert.equal(await storage.signingKeys.updateState('unknown', { state: 'active' }), false);
  });

  it('there is one active key, whatever the order in which a transaction gets there', async () => {
    const { storage } = await open();
    const first = await storage.signingKeys.insert(aSigningKey({ state: 'active' }));
    const second = await storage.signingKeys.insert(aSigningKey());
    const exists = (error: unknown) => isServiceError(error, 'already_exists');
    await assert.rejects(storage.signingKeys.updateState(second.kid, { state: 'active' }), exists);
    await assert.rejects(
      storage.transaction(({ signingKeys }) => signingKeys.updateState(second.kid, { state: 'active' })),
      exists,
    );
    await storage.transaction(async ({ signingKeys }) => {
      await signingKeys.updateState(second.kid, { state: 'active' });
      await signingKeys.updateState(first.kid, { state: 'retired' });
    });
    const states = (await storage.signingKeys.list()).map(({ kid, state }) => [kid, state]);
    assert.deepEqual(
      new Map(states as [string, string][]),
      new Map([
        [first.kid, 'retired'],
        [second.kid, 'active'],
      ]),
    );
  });
});
