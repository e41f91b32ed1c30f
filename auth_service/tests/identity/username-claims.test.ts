import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authority } from '#rbac';
import { aProfile } from '../storage/people-builders.ts';
import type { TestIdentity } from './build-identity.ts';
import { anEmail, aUsername, DEVICE, newPerson, PASSWORD } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const SYSTEM: Authority = { type: 'system', id: null };

describeIdentity('a username that waits for its e-mail', ({ database, backend, build }) => {
  let identity: TestIdentity;

  before(async () => {
    identity = await build({ confirmsAutomatically: false });
  });

  /** The id of somebody whose address waits, and the name with it. */
  async function waiting(username: string): Promise<string> {
    const email = anEmail();
    await identity.people.register({ email, password: PASSWORD, username }, DEVICE);
    const person = await identity.storage.accounts.findPersonByEmail(email);
    assert.equal(person?.profile?.username, null);
    return person.account.id;
  }

  const confirm = (userId: string, more: object = {}) =>
    identity.users.update(SYSTEM, userId, { isConfirmed: true, ...more });

  it('is theirs when an administrator confirms it, and the event says so', async () => {
    const username = aUsername();
    const userId = await waiting(username);
    const confirmed = await confirm(userId);
    assert.equal(confirmed.username, username);
    assert.deepEqual(confirmed.emailConfirmedAt, database().clock.now());
    const events = await identity.auditEvents();
    const told = events.filter((event) => event.action === 'user.updated' && event.subjectId === userId);
    assert.deepEqual(
      told.map(({ detail }) => detail),
      [{ fields: ['username', 'email_confirmed'] }],
    );
  });

  it('is not where somebody has it by then, in whatever case, and they are confirmed all the same', async () => {
    const username = aUsername();
    const [first, second] = [await waiting(username), await waiting(username.toUpperCase())];
    assert.equal((await confirm(second)).username, username.toUpperCase());
    const late = await confirm(first);
    assert.deepEqual([late.username, late.emailConfirmedAt], [null, database().clock.now()]);
  });

  it('gives way to what the administrator says, and to the name they have', async () => {
    const [asked, given] = [aUsername(), aUsername()];
    assert.equal((await confirm(await waiting(asked), { username: null })).username, null);
    assert.equal((await confirm(await waiting(asked), { username: given })).username, given);
    const known = await newPerson(identity, { username: asked });
    const { bearer, userId } = known;
    const own = aUsername();
    await identity.people.updateProfile(bearer.principal, { username: own });
    await identity.users.update(SYSTEM, userId, { isConfirmed: false });
    assert.equal((await confirm(userId)).username, own);
  });

  it('is none where what waits is no username that could be taken today', async () => {
    const users: string[] = [];
    for (const username of [`а${aUsername()}`, 'a\u200bda', '', 7, { a: 1 }, null]) {
      const userId = await waiting(aUsername());
      users.push(userId);
      await identity.storage.accounts.update(userId, {
        userMetadata: { username },
        updatedAt: database().clock.now(),
      });
      assert.equal((await confirm(userId)).username, null, JSON.stringify(username));
    }
    await identity.storage.accounts.update(users[0] ?? '', {
      userMetadata: { username: '\uff41\uff44\uff41-1' },
      updatedAt: database().clock.now(),
    });
    await identity.users.update(SYSTEM, users[0] ?? '', { isConfirmed: false });
    assert.equal((await confirm(users[0] ?? '')).username, 'ada-1');
  });

  // PGlite has one connection, where nothing happens at once.
  if (backend === 'postgres') {
    it('is not where somebody is just taking it, and they are confirmed all the same', async () => {
      const username = aUsername();
      const userId = await waiting(username);
      const taken = Promise.withResolvers<void>();
      const taking = identity.storage.transaction(async (stores) => {
        await stores.profiles.insert(aProfile({ username }), []);
        taken.resolve();
        await sleep(100);
      });
      await taken.promise;
      const [confirmed] = await Promise.all([confirm(userId), taking]);
      assert.deepEqual([confirmed.username, confirmed.emailConfirmedAt], [null, database().clock.now()]);
      const events = await identity.auditEvents();
      const told = events.filter((event) => event.action === 'user.updated' && event.subjectId === userId);
      assert.deepEqual(
        told.map(({ detail }) => detail),
        [{ fields: ['email_confirmed'] }],
      );
    });
  }
});
