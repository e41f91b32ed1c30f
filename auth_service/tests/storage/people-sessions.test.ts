import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import type { Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOn, describeOnEachDatabase } from '../support/databases.ts';
import { minutesAfter, roleNamed } from './builders.ts';
import { aProfile, aSession, storeAccount } from './people-builders.ts';

async function storeSession(storage: Storage, userId: string, given: Parameters<typeof aSession>[1] = {}) {
  const session = aSession(userId, given);
  await storage.sessions.insert(session);
  return session;
}

describeOnEachDatabase('session store', (open) => {
  it('a session comes back as it went in, alone and beside its person', async () => {
    const { storage, statements } = await open();
    await storage.roles.insert(roleNamed('user'));
    const account = await storeAccount(storage);
    const profile = aProfile({ userId: account.id });
    await storage.profiles.insert(profile, ['user']);
    const session = await storeSession(storage, account.id, {
      aal: 'aal2',
      amr: [
        { method: 'totp', timestamp: 1_900_000_001 },
        { method: 'password', timestamp: 1_900_000_000 },
      ],
      refreshCounter: 2 ** 40,
      refreshedAt: new Date(TEST_EPOCH.getTime() + 1),
      ip: '2001:db8::1',
      userAgent: 'ä'.repeat(500),
      createdAt: minutesAfter(TEST_EPOCH, -1),
    });
    assert.deepEqual(await storage.sessions.list(account.id), [session]);
    assert.deepEqual(await storage.transaction(({ sessions }) => sessions.lock(session.id)), session);
    statements.length = 0;
    const { session: live, ...person } = (await storage.sessions.findLive(session.id, account.id)) ?? {};
    assert.equal(statements.length, 1);
    assert.deepEqual(live, session);
    assert.deepEqual(person, await storage.accounts.findPerson(account.id));
  });

  it("is nobody else's, and not there for nobody", async () => {
    const { storage } = await open();
    const [mine, other] = [await storeAccount(storage), await storeAccount(storage)];
    const { id } = await storeSession(storage, mine.id);
    assert.equal(await storage.sessions.findLive(id, other.id), null);
    assert.equal(await storage.sessions.findLive(crypto.randomUUID(), mine.id), null);
    await assert.rejects(storage.sessions.insert(aSession(crypto.randomUUID())), (error) =>
      isServiceError(error, 'not_found'),
    );
    assert.deepEqual(await storage.sessions.end(other.id, { only: id }), []);
    assert.deepEqual(await storage.sessions.end(other.id), []);
    assert.equal((await storage.sessions.list(mine.id)).length, 1);
  });

  it('moves on, and keeps what does not move', async () => {
    const { storage } = await open();
    const { id: userId } = await storeAccount(storage);
    const session = await storeSession(storage, userId);
    const at = minutesAfter(TEST_EPOCH, 5);
    const change = { refreshCounter: 7, sealedRefreshKey: 'v1.newer.sealed' };
    assert.equal(await storage.sessions.advance(session.id, { ...change, at }), true);
    const moved = { ...session, ...change, refreshedAt: at, updatedAt: at };
    assert.deepEqual(await storage.sessions.list(userId), [moved]);
    assert.equal(await storage.sessions.advance(crypto.randomUUID(), { ...change, at }), false);
  });

  it('are listed newest first, and ended all, but one, or only one', async () => {
    const { storage } = await open();
    const { id: userId } = await storeAccount(storage);
    const ids: string[] = [];
    for (const minutes of [3, 1, 2, 4]) {
      const createdAt = minutesAfter(TEST_EPOCH, minutes);
      ids.push((await storeSession(storage, userId, { createdAt })).id);
    }
    const [third = '', first = '', second = '', fourth = ''] = ids;
    const left = async () => (await storage.sessions.list(userId)).map(({ id }) => id);
    assert.deepEqual(await left(), [fourth, third, second, first]);
    assert.deepEqual(await storage.sessions.end(userId, { only: second }), [second]);
    assert.deepEqual(await storage.sessions.end(userId, { only: second }), []);
    const others = await storage.sessions.end(userId, { except: first });
    assert.deepEqual(others.toSorted(), [third, fourth].toSorted());
    assert.deepEqual(await left(), [first]);
    // One that is not there excepts nothing.
    assert.deepEqual(await storage.sessions.end(userId, { except: crypto.randomUUID() }), [first]);
    assert.deepEqual(await left(), []);
  });

  it('what is no id finds nothing, and never reaches SQL', async () => {
    const { storage, statements } = await open();
    const { sessions } = storage;
    const id = crypto.randomUUID();
    assert.equal(await sessions.findLive('no id', id), null);
    assert.equal(await sessions.findLive(id, 'no id'), null);
    assert.equal(await sessions.lock('no id'), null);
    assert.deepEqual(await sessions.list('no id'), []);
    assert.deepEqual(await sessions.end('no id'), []);
    assert.deepEqual(await sessions.end(id, { only: 'no id' }), []);
    assert.deepEqual(await sessions.end(id, { except: 'no id' }), []);
    const change = { refreshCounter: 1, sealedRefreshKey: 'x', at: TEST_EPOCH };
    assert.equal(await sessions.advance('no id', change), false);
    assert.deepEqual(statements, []);
  });

  it('one that is locked is moved by one at a time', async () => {
    const { storage } = await open();
    const { id: userId } = await storeAccount(storage);
    const { id } = await storeSession(storage, userId);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        storage.transaction(async ({ sessions }) => {
          const session = await sessions.lock(id);
          assert.ok(session !== null);
          const { refreshCounter, sealedRefreshKey } = session;
          await sessions.advance(id, {
            refreshCounter: refreshCounter + 1,
            sealedRefreshKey,
            at: TEST_EPOCH,
          });
        }),
      ),
    );
    assert.equal((await storage.sessions.list(userId))[0]?.refreshCounter, 20);
  });

  it('those that are ended while they move on are gone, and nobody waits for each other', async () => {
    const { storage } = await open();
    const { id: userId } = await storeAccount(storage);
    const sessions = await Promise.all(Array.from({ length: 8 }, () => storeSession(storage, userId)));
    const moves = sessions.flatMap(({ id }) =>
      [1, 2, 3].map((refreshCounter) =>
        storage.sessions.advance(id, { refreshCounter, sealedRefreshKey: 'x', at: TEST_EPOCH }),
      ),
    );
    const ended = await Promise.all([
      storage.sessions.end(userId, { except: sessions[0]?.id ?? '' }),
      storage.sessions.end(userId),
      storage.sessions.end(userId, { except: sessions[7]?.id ?? '' }),
      storage.sessions.end(userId),
    ]);
    await Promise.all(moves);
    assert.deepEqual(ended.flat().toSorted(), sessions.map(({ id }) => id).toSorted());
    assert.deepEqual(await storage.sessions.list(userId), []);
  });
});

// PGlite has one session: there nobody waits for a row.
describeOn('postgres', 'session store: those who end the same sessions', (open) => {
  it('take them in the same order, so that they never wait for each other', async () => {
    const { storage, query } = await open();
    const { id: userId } = await storeAccount(storage);
    const sessions = await Promise.all(Array.from({ length: 12 }, () => storeSession(storage, userId)));
    const untilWaiting = async (count: number) => {
      const asked =
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      while ((await query(asked)).length < count) await new Promise(setImmediate);
    };
    const endings: Promise<string[]>[] = [];
    // While one of the sessions is held, each of them takes what it can get and waits.
    await storage.transaction(async (stores) => {
      await stores.sessions.lock(sessions[6]?.id ?? '');
      for (let count = 1; count <= 4; count += 1) {
        endings.push(storage.sessions.end(userId));
        await untilWaiting(count);
      }
    });
    const ended = await Promise.all(endings);
    assert.deepEqual(ended.flat().toSorted(), sessions.map(({ id }) => id).toSorted());
  });
});
