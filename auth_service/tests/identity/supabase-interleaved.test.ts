import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { anEmail, bearerOf, DEVICE, newPerson, refusal, type SignedIn } from './conformance/under-test.ts';

const ROUNDS = 4;

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const subjectOf = (authorization = '') => claimsOf(authorization.replace('Bearer ', '')).sub;

describeOn('postgres', 'people on one process', (open) => {
  describe('on a slow GoTrue', () => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;
    before(async () => {
      database = await open();
      identity = await buildSupabaseIdentity(database);
    });
    after(() => identity[Symbol.asyncDispose]());

    /** All that somebody does; each answer is looked at for whose it is. */
    async function live(person: SignedIn, n: number): Promise<void> {
      const { people } = identity;
      const { email, userId } = person;
      let { password } = person;
      const own = async (session: SignedIn['session']) => {
        assert.deepEqual([session.user.id, session.user.email], [userId, email]);
        const { sub } = claimsOf(session.access_token);
        assert.equal(sub, userId);
        const bearer = await bearerOf(identity, session);
        assert.deepEqual([bearer.principal.userId, bearer.principal.email], [userId, email]);
        return bearer;
      };
      for (let round = 0; round < ROUNDS; round += 1) {
        const session = await people.login(
          { email, password },
          { ip: `198.51.100.${n}`, userAgent: `agent ${n}` },
        );
        const bearer = await own(session);
        assert.equal((await people.profile(bearer.principal)).email, email);
        const { user } = await people.refresh(session.refresh_token, { ...DEVICE, ip: `198.51.100.${n}` });
        assert.equal(user.id, userId);
        const devices = await people.sessions(bearer);
        assert.ok(devices.some(({ current }) => current));
        if (round % 2 === 0) {
          const newPassword = `correct horse battery ${n} ${round} ${crypto.randomUUID()}`;
          await people.updatePassword(bearer, { newPassword, currentPassword: password });
          password = newPassword;
        }
        const { firstName } = await people.updateProfile(bearer.principal, { firstName: `Name ${n}` });
        assert.equal(firstName, `Name ${n}`);
        await people.logout(bearer, round % 3 === 0 ? 'global' : 'local');
        await assert.rejects(people.verify(bearer.accessToken), refusal('invalid_token'));
      }
      if (n % 2 === 0) return;
      const bearer = await own(await people.login({ email, password }, DEVICE));
      await people.deleteAccount(bearer);
      assert.equal(await identity.storage.profiles.find(userId), null);
    }

    /** GoTrue answers now sooner, now later. */
    function disturb(): { stop(): void } {
      let isOver = false;
      void (async () => {
        while (!isOver) {
          identity.gotrue.fail(
            { delayMs: Math.floor(Math.random() * 60) },
            { times: 1 + Math.floor(Math.random() * 3) },
          );
          await sleep(Math.random() * 10);
        }
        identity.gotrue.fail(null);
      })();
      return {
        stop() {
          isOver = true;
        },
      };
    }

    function requireEachAsThemselves(people: readonly SignedIn[]): void {
      const { requests, anonKey, serviceRoleKey } = identity.gotrue;
      const ids = new Set(people.map(({ userId }) => userId));
      for (const { path, method, headers, body, ip } of requests) {
        const { apikey, authorization } = headers;
        const mailed = people.findIndex(
          ({ email }) => email === (body as { email?: string } | undefined)?.email,
        );
        if (/\/admin\//.test(path)) {
          assert.deepEqual([apikey, authorization], [serviceRoleKey, `Bearer ${serviceRoleKey}`], path);
        } else if (/\/(user|logout)$/.test(path)) {
          assert.ok(ids.has(subjectOf(authorization)), `${method} ${path}`);
        } else if (authorization !== undefined) {
          assert.deepEqual([apikey, authorization], [anonKey, `Bearer ${anonKey}`], path);
        }
        if (mailed >= 0 && ip !== DEVICE.ip)
          assert.ok([`198.51.100.${mailed}`, '127.0.0.1'].includes(ip), ip);
      }
    }

    for (const count of [2, 20]) {
      it(`${count} of them touch their own accounts alone, whatever comes between`, async () => {
        const people: SignedIn[] = [];
        for (let n = 0; n < count; n += 1) people.push(await newPerson(identity, { email: anEmail() }));
        const witness = await newPerson(identity);
        identity.gotrue.requests.length = 0;
        const disturbance = disturb();
        try {
          await Promise.all(people.map((person, n) => live(person, n)));
        } finally {
          disturbance.stop();
        }
        requireEachAsThemselves(people);
        assert.equal((await identity.people.verify(witness.session.access_token)).userId, witness.userId);
        for (const [n, { userId }] of people.entries()) {
          assert.equal(identity.gotrue.users.has(userId), n % 2 === 0);
          const profile = await identity.storage.profiles.find(userId);
          assert.equal(profile?.firstName ?? null, n % 2 === 0 ? `Name ${n}` : null);
        }
      });
    }
  });
});
