import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aClient, aSecret, aSigningKey, minutesAfter } from './builders.ts';

describeOnEachDatabase('stores: expiry', (open) => {
  it('a secret counts until the moment it expires, by the injected clock', async () => {
    const { storage, clock } = await open();
    const { id } = await storage.clients.insert(aClient());
    const expiring = await storage.clientSecrets.insert(
      aSecret(id, { expiresAt: minutesAfter(TEST_EPOCH, 1) }),
    );
    const lasting = await storage.clientSecrets.insert(
      aSecret(id, { createdAt: minutesAfter(TEST_EPOCH, -1) }),
    );
    const live = async () => (await storage.clients.findForToken(id))?.secrets.map((secret) => secret.id);
    assert.deepEqual(await live(), [expiring.id, lasting.id]);
    clock.advance(59.999);
    assert.deepEqual(await live(), [expiring.id, lasting.id]);
    clock.advance(0.001);
    assert.deepEqual(await live(), [lasting.id]);
    assert.equal((await storage.clientSecrets.list(id)).length, 2, 'the list shows expired ones too');
  });

  it('a signing key is deleted from the moment it expires, one without an end never', async () => {
    const { storage } = await open();
    const expiring = await storage.signingKeys.insert(
      aSigningKey({ state: 'retired', expiresAt: minutesAfter(TEST_EPOCH, 1) }),
    );
    const lasting = await storage.signingKeys.insert(aSigningKey({ state: 'active' }));
    assert.equal(await storage.signingKeys.deleteExpired(new Date(TEST_EPOCH.getTime() + 59_999)), 0);
    assert.deepEqual(
      (await storage.signingKeys.list()).map(({ kid }) => kid).sort(),
      [expiring.kid, lasting.kid].sort(),
    );
    assert.equal(await storage.signingKeys.deleteExpired(minutesAfter(TEST_EPOCH, 1)), 1);
    assert.deepEqual(await storage.signingKeys.list(), [lasting]);
  });
});
