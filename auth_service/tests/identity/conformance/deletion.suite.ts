import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  aUsername,
  type ConformanceSuite,
  DEVICE,
  itWhere,
  newPerson,
  refusal,
  signInAs,
} from './under-test.ts';

export function describeDeletion({ identity, capabilities }: ConformanceSuite): void {
  const { movesTime, sharesTransactions } = capabilities;

  describe('deletion', () => {
    it('takes the account, every session and the profile, and frees address and username', async () => {
      const { people } = identity();
      const username = aUsername();
      const person = await newPerson(identity(), { username, firstName: 'Ada' });
      const other = await signInAs(identity(), person);
      await people.deleteAccount(person.bearer);
      for (const { session } of [person, other]) {
        await assert.rejects(people.verify(session.access_token), refusal('invalid_token'));
        await assert.rejects(people.refresh(session.refresh_token), refusal('refresh_token_not_found'));
      }
      await assert.rejects(people.login(person, DEVICE), refusal('invalid_credentials'));
      await assert.rejects(people.profile(person.bearer.principal), refusal('not_found'));
      const successor = await newPerson(identity(), { email: person.email, username });
      assert.notEqual(successor.userId, person.userId);
      assert.equal((await people.profile(successor.bearer.principal)).firstName, null);
      await assert.rejects(people.verify(person.session.access_token), refusal('invalid_token'));
    });

    itWhere([movesTime], 'needs a log-in of the last ten minutes, and a refresh is none', async () => {
      const { people, pass } = identity();
      const person = await newPerson(identity());
      await pass(601);
      const { access_token: accessToken } = await people.refresh(person.session.refresh_token);
      const refreshed = { principal: await people.verify(accessToken), accessToken };
      for (const late of [person.bearer, refreshed]) {
        await assert.rejects(people.deleteAccount(late), refusal('reauthentication_needed'));
      }
      const fresh = await signInAs(identity(), person);
      await pass(598);
      await people.deleteAccount(fresh.bearer);
    });

    it('of two at once one has happened, and the other finds nobody there', async () => {
      const { people } = identity();
      const person = await newPerson(identity());
      const other = await signInAs(identity(), person);
      const answers = await Promise.allSettled(
        [person, other].map(({ bearer }) => people.deleteAccount(bearer)),
      );
      const refused = answers.filter((answer) => answer.status === 'rejected');
      assert.equal(refused.length, 1);
      assert.ok(refused.every(({ reason }) => refusal('invalid_token')(reason)));
    });

    itWhere([sharesTransactions], 'does not happen when what goes with it fails', async () => {
      const { people, provider } = identity();
      const person = await newPerson(identity());
      const failing = provider.deleteUser(person.bearer, async () => {
        throw new Error('the profile stays');
      });
      await assert.rejects(failing, /the profile stays/);
      await people.verify(person.session.access_token);
      await signInAs(identity(), person);
    });
  });
}
