import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeOn } from '../support/databases.ts';
import { buildSupabaseIdentity, type SupabaseIdentity } from './build-supabase-identity.ts';
import { anEmail, DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';
import { adminOf } from './gotrue-clients.ts';

const SYSTEM = { type: 'system', id: null } as const;

describeOn('postgres', 'what strangers can do to GoTrue', (open) => {
  let identity: SupabaseIdentity;

  // Of its own, so that its hooks run before the database is closed.
  describe('harms nobody else', () => {
    beforeEach(async () => {
      identity = await buildSupabaseIdentity(await open(), { isShared: false });
    });
    afterEach(() => identity[Symbol.asyncDispose]());

    it('when their requests are too slow', async () => {
      const { people, gotrue } = identity;
      const person = await newPerson(identity);
      gotrue.fail({ hang: true }, { path: /grant_type=refresh_token/ });
      const slow = Array.from({ length: 6 }, () => people.refresh(person.session.refresh_token));
      for (const each of slow) await assert.rejects(each, refusal('identity_unavailable'));
      gotrue.fail(null);
      await signInAs(identity, person);
    });

    it('when what stands before GoTrue blocks them in its own words', async () => {
      const { people, gotrue } = identity;
      const person = await newPerson(identity);
      gotrue.fail({ html: 403 }, { path: /grant_type=password/, times: 6 });
      const blocked = Array.from({ length: 6 }, () => people.login(person, DEVICE));
      for (const each of blocked) await assert.rejects(each, refusal('identity_misconfigured'));
      await signInAs(identity, person);
      // It says nothing of a refresh token either.
      gotrue.fail({ status: 429, body: {} }, { path: /grant_type=refresh_token/, times: 1 });
      await assert.rejects(people.refresh(person.session.refresh_token), refusal('rate_limited'));
      await people.refresh(person.session.refresh_token);
    });

    it('and who keeps very much about themselves can be administered all the same', async () => {
      const { users, gotrue, provider } = identity;
      const person = await newPerson(identity);
      for (const key of ['a', 'b', 'c']) {
        const { error } = await adminOf(gotrue).updateUserById(person.userId, {
          user_metadata: { [key]: 'x'.repeat(900_000) },
        });
        assert.equal(error, null);
      }
      await users.ban(SYSTEM, person.userId);
      assert.equal((await provider.backfill()).seen, gotrue.users.size);
      await users.delete(SYSTEM, person.userId);
      assert.equal(gotrue.users.has(person.userId), false);
    });

    it('and a mail that takes its time is waited for, as long as GoTrue is well', async () => {
      const { people, gotrue } = identity;
      gotrue.fail({ delayMs: 2_500 }, { path: /signup/, times: 1 });
      const { session } = await people.register({ email: anEmail(), password: PASSWORD }, DEVICE);
      assert.notEqual(session, null);
      gotrue.fail({ hang: true });
      await assert.rejects(
        people.register({ email: anEmail(), password: PASSWORD }, DEVICE),
        refusal('identity_unavailable'),
      );
    });
  });

  it('a mail that cannot be sent tells nothing of who is known', async () => {
    await using waiting = await buildSupabaseIdentity(await open(), {
      isShared: false,
      gotrue: { confirmsAutomatically: false },
    });
    const { people, gotrue } = waiting;
    const known = await newPerson(waiting);
    const answers = [];
    for (const email of [anEmail(), known.email]) {
      gotrue.fail(
        email === known.email
          ? null
          : {
              status: 500,
              body: { code: 'unexpected_failure', message: 'Error sending confirmation email' },
            },
        { path: /signup/ },
      );
      answers.push(await people.register({ email, password: PASSWORD }, DEVICE));
    }
    assert.deepEqual(answers[0], answers[1]);
  });
});
