import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { bootstrapAdministrator } from '#identity';
import type { Authority } from '#rbac';
import { describeOn } from '../support/databases.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { anEmail, newPerson, PASSWORD, refusal, type SignedIn } from './conformance/under-test.ts';

const SYSTEM: Authority = { type: 'system', id: null };

describeOn('postgres', 'what happened at Supabase meanwhile', (open) => {
  let identity: SupabaseIdentity;

  // Of its own, so that its hooks run before the database is closed.
  describe('on a GoTrue', () => {
    beforeEach(async () => {
      identity = await buildSupabaseIdentity(await open(), { isShared: false });
    });
    afterEach(() => identity[Symbol.asyncDispose]());

    async function newAdministrator(): Promise<SignedIn> {
      const person = await newPerson(identity);
      await identity.rbac.grantRoleToUser(SYSTEM, person.userId, 'admin');
      return person;
    }

    const bootstrap = (email: string) => {
      const { provider, storage, audit, now } = identity;
      return bootstrapAdministrator({ provider, storage, audit, now }, { email, password: PASSWORD });
    };

    it('an administrator who was deleted there is none, so that another one can be made', async () => {
      const { gotrue, storage } = identity;
      const { userId } = await newAdministrator();
      await gotrue.deleteUser(userId);
      assert.deepEqual(await bootstrap(anEmail()), { created: true });
      assert.equal((await storage.userRoles.holders('admin', 9)).length, 2);
    });

    it('nor one who was banned there; once the ban is lifted they are one again', async () => {
      const { gotrue, users, storage, now } = identity;
      const banned = await newAdministrator();
      const other = await newAdministrator();
      await gotrue.ban(banned.userId);
      await assert.rejects(users.delete(SYSTEM, other.userId), refusal('last_administrator'));
      await assert.rejects(users.ban(SYSTEM, other.userId), refusal('last_administrator'));
      await assert.rejects(identity.people.deleteAccount(other.bearer), refusal('last_administrator'));
      await users.lookAtAdministrators();
      const take = identity.rbac.revokeRoleFromUser(SYSTEM, other.userId, 'admin');
      await assert.rejects(take, refusal('last_administrator'));
      await users.unban(SYSTEM, banned.userId);
      await users.delete(SYSTEM, other.userId);
      assert.equal(await storage.userRoles.isHeld('admin', now()), true);
    });

    it('a look that comes late does not undo a newer one', async () => {
      const { gotrue, users, storage } = identity;
      const { userId } = await newPerson(identity);
      gotrue.fail({ delayMs: 400 }, { path: /GET|admin\/users\/[^/]+$/, times: 1 });
      const late = users.find(userId);
      await identity.provider.administration.reach(userId);
      await users.ban(SYSTEM, userId);
      await late;
      assert.notEqual((await storage.directory.find(userId))?.bannedUntil, null);
    });

    it('a ban and a deletion by its owner at once do not wait for each other', async () => {
      const { users, people } = identity;
      for (let round = 0; round < 8; round += 1) {
        const person = await newPerson(identity);
        const answers = await Promise.allSettled([
          users.ban(SYSTEM, person.userId),
          people.deleteAccount(person.bearer),
          users.update(SYSTEM, person.userId, { isActive: false }),
        ]);
        for (const answer of answers) {
          if (answer.status === 'rejected') assert.notEqual(answer.reason.code, 'database_unavailable');
        }
      }
    });

    it('what began by a clock that is ahead of ours ends as well', async () => {
      await using ahead = await buildSupabaseIdentity(await open(), {
        isShared: false,
        gotrue: { now: () => new Date(Date.now() + 4_000) },
      });
      const person = await newPerson(ahead);
      await ahead.users.logOut(SYSTEM, person.userId);
      await assert.rejects(ahead.people.verify(person.session.access_token), refusal('invalid_token'));
      await assert.rejects(
        ahead.people.refresh(person.session.refresh_token),
        refusal('refresh_token_not_found'),
      );
    });

    it('who was banned while they logged in stays out with the token of that log-in', async () => {
      const { users, people } = identity;
      const person = await newPerson(identity);
      await users.ban(SYSTEM, person.userId);
      const { access_token: accessToken } = person.session;
      await assert.rejects(people.verify(accessToken), refusal('invalid_token'));
    });
  });
});
