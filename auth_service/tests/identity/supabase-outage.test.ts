import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { until } from '../support/until.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { DEVICE, newPerson, refusal, type SignedIn } from './conformance/under-test.ts';
import { call } from './gotrue-clients.ts';
import { SYSTEM } from './supabase-verbs.ts';

const CROWD = 50;
/** The product says three seconds; a machine that has much to do gets more. */
const BOUND_MS = 6_000;

describeOn('postgres', 'while GoTrue is away', (open) => {
  describe('on a double', () => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;
    let person: SignedIn;
    before(async () => {
      database = await open();
      identity = await buildSupabaseIdentity(database);
      person = await newPerson(identity);
    });
    after(() => identity[Symbol.asyncDispose]());

    const login = () => identity.people.login(person, DEVICE);
    const isWell = () =>
      identity.provider.check().then(
        () => true,
        () => false,
      );

    it('nobody asks it, and it is asked again by itself', async () => {
      const { gotrue } = identity;
      gotrue.fail({ cut: 'before' });
      await assert.rejects(login(), refusal('identity_unavailable'));
      await assert.rejects(login(), refusal('identity_unavailable'));
      const before = gotrue.requests.length;
      for (let n = 0; n < 20; n += 1) await assert.rejects(login(), refusal('identity_unavailable'));
      const asked = gotrue.requests.slice(before);
      assert.deepEqual(
        asked.filter(({ path }) => path !== '/auth/v1/health'),
        [],
      );
      await identity.people.verify(person.session.access_token);
      gotrue.fail(null);
      await until(isWell);
      await login();
    });

    it('it is asked again although the clock was set back', async (t) => {
      const { gotrue } = identity;
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
      gotrue.fail({ cut: 'before' });
      await assert.rejects(login(), refusal('identity_unavailable'));
      await assert.rejects(login(), refusal('identity_unavailable'));
      t.mock.timers.setTime(Date.now() - 3_600_000);
      gotrue.fail(null);
      await sleep(2_500);
      const isBack = await isWell();
      t.mock.timers.reset();
      assert.ok(isBack);
    });

    it('nobody makes it seem so to others by what they keep there', async () => {
      await until(isWell);
      const { gotrue } = identity;
      const greedy = await newPerson(identity);
      for (const key of ['a', 'b', 'c']) {
        const body = JSON.stringify({ data: { [key]: 'x'.repeat(900_000) } });
        const { status } = await call(gotrue, '/user', {
          method: 'PUT',
          token: greedy.session.access_token,
          body,
        });
        assert.equal(status, 200);
      }
      gotrue.requests.length = 0;
      for (let round = 0; round < 5; round += 1) {
        const greed = Array.from({ length: 4 }, () => identity.people.login(greedy, DEVICE));
        const outcomes = Promise.allSettled(greed);
        await Promise.all([login(), login()]);
        await outcomes;
        await login();
      }
      assert.ok(!gotrue.requests.some(({ path }) => path === '/auth/v1/health'), 'its health was doubted');
      await gotrue.deleteUser(greedy.userId);
    });

    /** All at once, and how long the last of them took. */
    async function crowd(size: number, verb: (n: number) => Promise<unknown>) {
      const startedAt = performance.now();
      const outcomes = await Promise.allSettled(Array.from({ length: size }, (_, n) => verb(n)));
      return { outcomes, tookMs: performance.now() - startedAt };
    }

    for (const [how, path, names] of [
      ['all of it', /./, ['deletions', 'creations']],
      ['all but its health', /^(?!.*(health|jwks))/, ['logouts', 'bans']],
    ] as const) {
      it(`crowds that wait for it (${how} hangs) take the database from nobody, and wait for three seconds`, async () => {
        await until(isWell);
        const people: SignedIn[] = [];
        for (let n = 0; n < CROWD; n += 1) people.push(await newPerson(identity));
        const strangers: SignedIn[] = [];
        for (let n = 0; n < 10; n += 1) {
          const stranger = await newPerson(identity);
          await identity.storage.profiles.delete(stranger.userId);
          strangers.push(stranger);
        }
        const bearer = (n: number) => people[n % CROWD]?.bearer ?? assert.fail();
        const verbs = {
          logouts: (n: number) => identity.people.logout(bearer(n), 'local'),
          deletions: (n: number) => identity.people.deleteAccount(bearer(n)),
          bans: (n: number) => identity.users.ban(SYSTEM, bearer(n).principal.userId),
          creations: (n: number) =>
            identity.users.create(SYSTEM, { email: `${n}-${crypto.randomUUID()}@example.com` }),
        };
        for (const name of names) {
          const verb = verbs[name];
          await until(isWell);
          identity.gotrue.fail({ hang: true }, { path });
          const all = crowd(CROWD, verb);
          await sleep(300);
          const beside = performance.now();
          await Promise.all([
            identity.people.verify(person.session.access_token),
            identity.people.profile(person.bearer.principal),
            database.query('select 1'),
            identity.storage.profiles.find(person.userId),
            ...strangers.slice(0, 5).map((stranger) => identity.people.profile(stranger.bearer.principal)),
          ]);
          const besideMs = performance.now() - beside;
          const { outcomes, tookMs } = await all;
          identity.gotrue.fail(null);
          for (const outcome of outcomes) {
            assert.ok(outcome.status === 'rejected', name);
            assert.ok(refusal('identity_unavailable')(outcome.reason), `${name}: ${outcome.reason}`);
          }
          assert.ok(tookMs < BOUND_MS, `${name}: ${tookMs.toFixed(0)} ms`);
          assert.ok(besideMs < BOUND_MS, `beside ${name}: ${besideMs.toFixed(0)} ms`);
          for (const { userId } of strangers) await identity.storage.profiles.delete(userId);
          for (const { accessToken } of people.map(({ bearer: one }) => one))
            await identity.people.verify(accessToken);
        }
      });
    }
  });
});
