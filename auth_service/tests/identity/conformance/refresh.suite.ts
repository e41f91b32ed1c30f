import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UserSession } from '#identity';
import {
  bearerOf,
  type ConformanceSuite,
  itWhere,
  newPerson,
  refusal,
  type SignedIn,
  signInAs,
} from './under-test.ts';

const HOUR = 3600;

export function describeRefresh({ identity, capabilities }: ConformanceSuite): void {
  const { movesTime, repeatsNewestToken, endsReused, signsAnew = true } = capabilities;
  const refresh = ({ refresh_token }: Pick<UserSession, 'refresh_token'>) =>
    identity().people.refresh(refresh_token);

  describe('refresh', () => {
    it('goes on with the same session, and gives both tokens anew', async () => {
      const { session, bearer } = await newPerson(identity());
      const next = await refresh(session);
      if (signsAnew === true) assert.notEqual(next.access_token, session.access_token);
      assert.notEqual(next.refresh_token, session.refresh_token);
      const { principal } = await bearerOf(identity(), next);
      assert.deepEqual(principal, bearer.principal);
      // GoTrue's access tokens live on beside the new one.
      await identity().people.verify(session.access_token);
      await refresh(next);
    });

    itWhere(
      [movesTime],
      'gives the current token again for the one before it, whenever that comes',
      async () => {
        const { session } = await newPerson(identity());
        const current = await refresh(session);
        for (const seconds of [0, 11, 24 * HOUR]) {
          await identity().pass(seconds);
          const again = await refresh(session);
          assert.equal(again.refresh_token, current.refresh_token);
          await identity().people.verify(again.access_token);
        }
      },
    );

    itWhere(
      [movesTime, repeatsNewestToken],
      'gives the current token again for an older one within ten seconds',
      async () => {
        const { session } = await newPerson(identity());
        const current = await refresh(await refresh(await refresh(session)));
        await identity().pass(10);
        assert.equal((await refresh(session)).refresh_token, current.refresh_token);
        await refresh(current);
      },
    );

    itWhere([movesTime, endsReused], 'ends the session for good when an older one comes later', async () => {
      const { people, pass } = identity();
      const stolen = await newPerson(identity());
      const elsewhere = await signInAs(identity(), stolen);
      const current = await refresh(await refresh(stolen.session));
      await pass(11);
      await assert.rejects(refresh(stolen.session), refusal('refresh_token_already_used'));
      // Ended although the verb threw; neither side of the quarrel has a session any more.
      for (const session of [current, stolen.session]) {
        await assert.rejects(refresh(session), refusal('refresh_token_not_found'));
        await assert.rejects(people.verify(session.access_token), refusal('invalid_token'));
      }
      await refresh(elsewhere.session);
    });

    it('of one token used many times at once gives one next token, and loses no session', async () => {
      const { session } = await newPerson(identity());
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(session)));
      const [next, ...others] = new Set(answers.map(({ refresh_token }) => refresh_token));
      assert.ok(next !== undefined && others.length === 0);
      for (const { access_token } of answers) await identity().people.verify(access_token);
      const after = await refresh({ refresh_token: next });
      assert.notEqual(after.refresh_token, next);
    });

    it('is not to be had for what is no token, nor for one that was altered', async () => {
      const { session } = await newPerson(identity());
      const { refresh_token: token } = session;
      const middle = token.length >> 1;
      const other = token[middle] === 'a' ? 'b' : 'a';
      for (const text of [
        '',
        'abcdefghijkl',
        session.access_token,
        `${token}=`,
        `${token} `,
        token.slice(0, -1),
        token.slice(0, middle) + other + token.slice(middle + 1),
      ]) {
        await assert.rejects(refresh({ refresh_token: text }), refusal('refresh_token_not_found'), text);
      }
      await refresh(session);
    });

    it('is not to be had for an ended session, nor for a banned, inactive or deleted person', async () => {
      const { people, ban, deactivate } = identity();
      const ways: readonly ((person: SignedIn) => Promise<void>)[] = [
        ({ bearer }) => people.logout(bearer, 'local'),
        ({ userId }) => ban(userId),
        ({ userId }) => deactivate(userId),
        ({ bearer }) => people.deleteAccount(bearer),
      ];
      for (const end of ways) {
        const person = await newPerson(identity());
        const next = await refresh(person.session);
        await end(person);
        await assert.rejects(refresh(next), refusal('refresh_token_not_found'));
        await assert.rejects(refresh(person.session), refusal('refresh_token_not_found'));
      }
    });
  });
}
