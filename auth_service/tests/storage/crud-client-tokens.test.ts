import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isServiceError } from '#errors';
import type { Client, RefreshTokenFamily, Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aClient, minutesAfter } from './builders.ts';

const UNKNOWN = '00000000-0000-7000-8000-000000000000';
const hashOf = (index: number) => String(index).padStart(43, '0');
const aFamily = (clientId: string, given: Partial<RefreshTokenFamily> = {}): RefreshTokenFamily => ({
  id: crypto.randomUUID(),
  clientId,
  tokenHash: hashOf(0),
  scope: null,
  resources: [],
  createdAt: TEST_EPOCH,
  refreshedAt: null,
  expiresAt: minutesAfter(TEST_EPOCH, 60),
  ...given,
});
const makeClient = async (storage: Storage, given: Partial<Client> = {}) =>
  (await storage.clients.insert(aClient({ refreshTokens: true, ...given }))).id;

describeOnEachDatabase('refresh tokens of clients', (open) => {
  it('a family comes back as it went in, to its own client alone', async () => {
    const { storage } = await open();
    const [clientId, other] = [await makeClient(storage), await makeClient(storage)];
    const all = aFamily(clientId);
    const narrow = aFamily(clientId, { scope: [], resources: ['https://a.example', 'urn:x:{"y,z"}'] });
    for (const family of [all, narrow]) {
      await storage.clientRefreshTokens.insert(family);
      assert.deepEqual(await storage.clientRefreshTokens.find(family.id, clientId), family);
      assert.equal(await storage.clientRefreshTokens.find(family.id, other), null);
    }
    for (const id of [UNKNOWN, 'x', '']) {
      assert.equal(await storage.clientRefreshTokens.find(id, clientId), null);
      assert.equal(await storage.clientRefreshTokens.find(all.id, id), null);
      assert.equal(await storage.clientRefreshTokens.delete(id), false);
    }
    assert.equal(await storage.clientRefreshTokens.delete(all.id), true);
    assert.equal(await storage.clientRefreshTokens.find(all.id, clientId), null);
  });

  it('of many that replace the same hash one has replaced it', async () => {
    const { storage } = await open();
    const family = aFamily(await makeClient(storage));
    await storage.clientRefreshTokens.insert(family);
    const refreshedAt = minutesAfter(TEST_EPOCH, 1);
    const expiresAt = minutesAfter(TEST_EPOCH, 61);
    const replaceBy = (tokenHash: string) =>
      storage.clientRefreshTokens.replaceHash(family.id, hashOf(0), { tokenHash, refreshedAt, expiresAt });
    const won = await Promise.all(Array.from({ length: 20 }, (_, n) => replaceBy(hashOf(n + 1))));
    assert.equal(won.filter(Boolean).length, 1);
    const tokenHash = hashOf(won.indexOf(true) + 1);
    assert.deepEqual(await storage.clientRefreshTokens.find(family.id, family.clientId), {
      ...family,
      tokenHash,
      refreshedAt,
      expiresAt,
    });
    await storage.clientRefreshTokens.delete(family.id);
    assert.equal(await replaceBy(hashOf(99)), false);
  });

  it('families go with their client, and none begins for one that is not there or not to have any', async () => {
    const { storage } = await open();
    const family = aFamily(await makeClient(storage));
    await storage.clientRefreshTokens.insert(family);
    await storage.clients.delete(family.clientId);
    assert.equal(await storage.clientRefreshTokens.find(family.id, family.clientId), null);
    const inactive = await makeClient(storage, { isActive: false });
    const without = await makeClient(storage, { refreshTokens: false });
    for (const id of [family.clientId, 'x', inactive, without]) {
      await assert.rejects(storage.clientRefreshTokens.insert(aFamily(id)), (error) =>
        isServiceError(error, 'not_found'),
      );
    }
  });

  it('all of one client can be ended, and those of another stay', async () => {
    const { storage } = await open();
    const [clientId, other] = [await makeClient(storage), await makeClient(storage)];
    const [first, second, third] = [aFamily(clientId), aFamily(clientId), aFamily(other)];
    for (const family of [first, second, third]) await storage.clientRefreshTokens.insert(family);
    assert.equal(await storage.clientRefreshTokens.deleteOf(clientId), 2);
    assert.equal(await storage.clientRefreshTokens.deleteOf(clientId), 0);
    assert.equal(await storage.clientRefreshTokens.deleteOf('x'), 0);
    assert.equal(await storage.clientRefreshTokens.find(first.id, clientId), null);
    assert.deepEqual(await storage.clientRefreshTokens.find(third.id, other), third);
  });

  it('none begins while its client is being switched off', async () => {
    const { storage, openAnother } = await open();
    const elsewhere = await openAnother();
    const clientId = await makeClient(storage);
    const family = aFamily(clientId);
    const begun = await storage.transaction(async (stores) => {
      await stores.clients.update(clientId, aClient({ id: clientId, refreshTokens: false }));
      await stores.clientRefreshTokens.deleteOf(clientId);
      const outcome = elsewhere.clientRefreshTokens.insert(family).then(
        () => 'begun',
        ({ code }) => code,
      );
      // Time for what does not wait.
      await Promise.race([outcome, sleep(100)]);
      return { outcome };
    });
    assert.equal(await begun.outcome, 'not_found');
    assert.equal(await storage.clientRefreshTokens.find(family.id, clientId), null);
  });

  it('the expired ones are deleted oldest first, so many at a time', async () => {
    const { storage } = await open();
    const clientId = await makeClient(storage);
    const made = [3, 2, 1].map((minute) =>
      aFamily(clientId, { expiresAt: minutesAfter(TEST_EPOCH, minute) }),
    );
    for (const family of made) await storage.clientRefreshTokens.insert(family);
    const left = async () => {
      const found = await Promise.all(made.map(({ id }) => storage.clientRefreshTokens.find(id, clientId)));
      return found.map((family) => family !== null);
    };
    const { deleteExpired } = storage.clientRefreshTokens;
    assert.equal(await deleteExpired(minutesAfter(TEST_EPOCH, 1), 10), 0);
    assert.equal(await deleteExpired(minutesAfter(TEST_EPOCH, 3), 1), 1);
    assert.deepEqual(await left(), [true, true, false]);
    assert.equal(await deleteExpired(minutesAfter(TEST_EPOCH, 3), 10), 1);
    assert.deepEqual(await left(), [true, false, false]);
  });
});

describeOnEachDatabase('assertions of clients', (open) => {
  const expiresAt = minutesAfter(TEST_EPOCH, 5);

  it('one is remembered once, however many try, and for its client alone', async () => {
    const { storage, openAnother } = await open();
    const other = await openAnother();
    const [clientId, neighbour] = [await makeClient(storage), await makeClient(storage)];
    const assertion = { clientId, jtiHash: hashOf(1), expiresAt };
    const tries = [storage, other].flatMap(({ clientAssertions }) =>
      Array.from({ length: 10 }, () => clientAssertions.remember(assertion)),
    );
    assert.equal((await Promise.all(tries)).filter(Boolean).length, 1);
    assert.equal(await storage.clientAssertions.remember({ ...assertion, clientId: neighbour }), true);
    assert.equal(await storage.clientAssertions.remember({ ...assertion, jtiHash: hashOf(2) }), true);
    await other.close();
  });

  it('it is forgotten once it has expired, so many at a time, and with its client', async () => {
    const { storage, query } = await open();
    const clientId = await makeClient(storage);
    for (const index of [1, 2, 3]) {
      await storage.clientAssertions.remember({
        clientId,
        jtiHash: hashOf(index),
        expiresAt: minutesAfter(TEST_EPOCH, index),
      });
    }
    const { deleteExpired } = storage.clientAssertions;
    assert.equal(await deleteExpired(minutesAfter(TEST_EPOCH, 3), 1), 1);
    assert.equal(await deleteExpired(minutesAfter(TEST_EPOCH, 3), 10), 1);
    assert.equal(await storage.clientAssertions.remember({ clientId, jtiHash: hashOf(3), expiresAt }), false);
    await storage.clients.delete(clientId);
    assert.deepEqual(await query('select 1 from auth_service_data.app_client_assertions'), []);
    await assert.rejects(
      storage.clientAssertions.remember({ clientId, jtiHash: hashOf(3), expiresAt }),
      (error) => isServiceError(error, 'not_found'),
    );
  });
});
