import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ServiceError } from '#errors';
import type { Storage } from '#storage';
import { type ClientCache, createClientCache } from '../../src/oauth/client-cache.ts';
import { aClient, aSecret, roleNamed } from '../storage/builders.ts';
import { describeOnEachDatabase, type OpenTestDatabase } from '../support/databases.ts';
import { openRevocations, type TestRevocations } from '../support/open-revocations.ts';

const STALE_SECONDS = 60;

/** What stands between the cache and a real database: it may be slow, or gone. */
interface Way {
  state: 'open' | 'gone' | 'mute';
  /** What has been asked on it. */
  asked: number;
}

async function openCache(open: OpenTestDatabase) {
  const database = await open();
  const { storage, clock, statements } = database;
  const way: Way = { state: 'open', asked: 0 };
  const pass = async <T>(question: () => Promise<T>): Promise<T> => {
    way.asked += 1;
    if (way.state === 'gone') throw new ServiceError('database_unavailable');
    if (way.state === 'mute') return await new Promise<never>(() => {});
    return await question();
  };
  const behind = {
    clients: { findForToken: (id: string) => pass(() => storage.clients.findForToken(id)) },
    rightsRevision: { read: () => pass(() => storage.rightsRevision.read()) },
  } as Pick<Storage, 'clients' | 'rightsRevision'>;
  const revocations = await openRevocations(database);
  const cache = createClientCache({
    storage: behind,
    revocations,
    now: clock.now,
    staleSeconds: STALE_SECONDS,
  });
  const { id } = await storage.clients.insert(aClient());
  const role = await storage.roles.insert(roleNamed('reader'));
  await cache.findForToken(id);
  way.asked = 0;
  statements.length = 0;
  return {
    ...{ storage, clock, cache, id, way, revocations, database },
    give: () => storage.clientRoles.add({ clientId: id, roleId: role.id, assignedAt: clock.now() }),
    rolesNow: async () => (await cache.findForToken(id))?.roles,
  };
}

const gone = { code: 'database_unavailable' };

describeOnEachDatabase('clients kept in memory', (open) => {
  it('are asked about once a second all together, and each anew after five seconds', async () => {
    const { storage, clock, cache, id, way } = await openCache(open);
    const other = await storage.clients.insert(aClient());
    await cache.find(other.id);
    way.asked = 0;
    for (const client of [id, other.id, id, other.id]) await cache.findForToken(client);
    assert.equal(way.asked, 0);
    clock.advance(1);
    for (const client of [id, other.id, id, other.id]) await cache.findForToken(client);
    assert.equal(way.asked, 1, 'the revision');
    clock.advance(4);
    for (const client of [id, other.id, id, other.id]) await cache.findForToken(client);
    assert.equal(way.asked, 3, 'each of them with the revision in it');
  });

  it('are asked about once by a crowd', async () => {
    const { clock, cache, id, way } = await openCache(open);
    clock.advance(6);
    await Promise.all(Array.from({ length: 50 }, () => cache.findForToken(id)));
    assert.equal(way.asked, 1);
    clock.advance(1);
    await Promise.all(Array.from({ length: 50 }, () => cache.findForToken(id)));
    assert.equal(way.asked, 2);
  });

  it('are as they are within a second, or at once where a change is told', async () => {
    const { clock, cache, give, rolesNow } = await openCache(open);
    await give();
    assert.deepEqual(await rolesNow(), []);
    clock.advance(1);
    assert.deepEqual(await rolesNow(), ['reader']);
    const told = await openCache(open);
    await told.give();
    told.cache.invalidate();
    assert.deepEqual(await told.rolesNow(), ['reader']);
    assert.equal(cache.warm(told.id), null);
  });

  it('told of a change while the one before is read, are read again', async () => {
    const { clock, cache, id, give, rolesNow } = await openCache(open);
    clock.advance(6);
    const reading = cache.findForToken(id);
    await give();
    cache.invalidate();
    await reading;
    assert.deepEqual(await rolesNow(), ['reader']);
  });

  it('told of a change while the revision is read, do not wait for what may be from before', async () => {
    const { clock, cache, id, give, rolesNow, way } = await openCache(open);
    clock.advance(1);
    way.state = 'mute';
    void cache.find(id);
    way.state = 'open';
    await give();
    cache.invalidate();
    assert.deepEqual(await rolesNow(), ['reader']);
  });

  it('of whom there is none are asked for each time, and fill nothing', async () => {
    const { cache, way } = await openCache(open);
    const nobody = crypto.randomUUID();
    for (let n = 0; n < 3; n += 1) assert.equal(await cache.findForToken(nobody), null);
    assert.equal(way.asked, 3);
    assert.equal(cache.warm(nobody), null);
  });

  for (const state of ['gone', 'mute'] as const) {
    it(`serve on while the database is ${state}, for as long as they may be stale`, async () => {
      const { storage, clock, id, way, rolesNow, cache } = await openCache(open);
      const stranger = (await storage.clients.insert(aClient())).id;
      way.state = state;
      clock.advance(6);
      assert.deepEqual(await rolesNow(), []);
      clock.advance(STALE_SECONDS - 7);
      const askedBefore = way.asked;
      for (let n = 0; n < 20; n += 1) assert.deepEqual(await rolesNow(), []);
      if (state === 'mute') assert.equal(way.asked, askedBefore, 'nobody asks again who waits for an answer');
      clock.advance(1);
      const late = cache.findForToken(id);
      const unknown = cache.findForToken(stranger);
      if (state === 'mute') {
        const silence = new Promise((resolve) => setTimeout(resolve, 400, 'silence'));
        assert.equal(await Promise.race([late, unknown, silence]), 'silence');
      } else {
        await assert.rejects(late, gone);
        await assert.rejects(unknown, gone);
        way.state = 'open';
        assert.equal((await cache.findForToken(id))?.client.id, id);
      }
    });
  }

  it('do not serve on where it is asked who they are, and not what they may have', async () => {
    const { clock, cache, id, way } = await openCache(open);
    way.state = 'gone';
    clock.advance(6);
    await assert.rejects(cache.find(id), gone);
  });

  it('do not serve on when they were switched off, as another process tells', async () => {
    const { clock, cache, id, way, revocations, database } = await openCache(open);
    clock.advance(2);
    await revokeClient(database.storage, revocations, id, clock.now());
    way.state = 'gone';
    clock.advance(6);
    await assert.rejects(cache.findForToken(id), gone);
  });

  it('lose a secret when it ends, though nobody asked', async () => {
    const { storage, clock, cache } = await openCache(open);
    const { id } = await storage.clients.insert(aClient());
    await storage.clientSecrets.insert(aSecret(id, { expiresAt: new Date(clock.now().getTime() + 500) }));
    const secrets = async (from: ClientCache['findForToken']) => (await from(id))?.secrets.length;
    assert.equal(await secrets(cache.findForToken), 1);
    clock.advance(0.5);
    assert.equal(await secrets(cache.findForToken), 0);
  });
});

async function revokeClient(
  storage: Storage,
  revocations: TestRevocations,
  id: string,
  now: Date,
): Promise<void> {
  const expiresAt = new Date(now.getTime() + 86_400_000);
  await storage.transaction((stores) => revocations.revoke(stores, { kind: 'client', id, expiresAt }));
}
