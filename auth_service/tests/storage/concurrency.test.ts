import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import type { Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aClient, anEvent, aSecret, roleNamed } from './builders.ts';

// PGlite has one session, so that it cannot prove that a race is won; what comes out must be right on it all the same.
describeOnEachDatabase('stores: concurrency', (open) => {
  const TIMES = 20;
  const atOnce = <T>(work: (index: number) => Promise<T>) =>
    Promise.allSettled(Array.from({ length: TIMES }, (_, index) => work(index)));

  it('of many that insert the same name one wins, the others are told already_exists', async () => {
    const { storage } = await open();
    const outcomes = await atOnce(() => storage.roles.insert(roleNamed('reader')));
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(failures.length, TIMES - 1);
    assert.ok(failures.every(({ reason }) => isServiceError(reason, 'already_exists')));
  });

  it('of many that give the same role one has given it', async () => {
    const { storage } = await open();
    const { id: clientId } = await storage.clients.insert(aClient());
    const { id: roleId } = await storage.roles.insert(roleNamed('reader'));
    const outcomes = await atOnce(() =>
      storage.clientRoles.add({ clientId, roleId, assignedAt: TEST_EPOCH }),
    );
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length, 1);
  });

  it('of many that replace the same hash one has replaced it', async () => {
    const { storage } = await open();
    const { id: clientId } = await storage.clients.insert(aClient());
    const { id, hash } = await storage.clientSecrets.insert(aSecret(clientId));
    const outcomes = await atOnce((index) =>
      storage.clientSecrets.replaceHash(id, hash, {
        algorithm: 'sha256',
        hash: String(index).padStart(43, '0'),
      }),
    );
    const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled' && outcome.value);
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length, 1);
    assert.equal((await storage.clientSecrets.list(clientId))[0]?.hash, String(winner).padStart(43, '0'));
  });

  it('a lock has one holder at a time, across storages', async () => {
    const { storage, openAnother } = await open();
    const other = await openAnother();
    let inside = 0;
    let most = 0;
    const work = (open: Storage) =>
      open.transaction(async ({ lock, roles }) => {
        await lock('a-name');
        inside += 1;
        most = Math.max(most, inside);
        await roles.list({ limit: 1, offset: 0 });
        inside -= 1;
      });
    await Promise.all([1, 2, 3].flatMap(() => [work(storage), work(other)]));
    assert.equal(most, 1);
    await other.close();
  });

  it('locks of different names do not wait for each other', async (test) => {
    const { storage, backend } = await open();
    if (backend === 'embedded') {
      test.diagnostic('one session: its transactions always wait for each other');
      return;
    }
    await storage.transaction(async ({ lock }) => {
      await lock('one');
      await storage.transaction((stores) => stores.lock('another'));
    });
  });

  it('the same event sent by many is there once', async () => {
    const { storage } = await open();
    const event = anEvent();
    await Promise.all(Array.from({ length: TIMES }, () => storage.auditEvents.insertMany([event])));
    assert.deepEqual(await storage.auditEvents.list({ limit: 10 }), [event]);
  });

  it('more work at once than there are connections is done, all of it', async () => {
    const { storage } = await open();
    const outcomes = await atOnce((index) =>
      storage.transaction(async ({ roles }) => {
        await roles.insert(roleNamed(`role-${index}`));
        return await roles.findByName(`role-${index}`);
      }),
    );
    assert.ok(outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value !== null));
  });
});
