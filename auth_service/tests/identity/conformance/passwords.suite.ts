import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bearerOf,
  type ConformanceSuite,
  DEVICE,
  itWhere,
  newPerson,
  PASSWORD,
  refusal,
  signInAs,
} from './under-test.ts';

const NEXT = 'another battery, another staple';

export function describePasswords({ identity, capabilities }: ConformanceSuite): void {
  const { recovers, movesTime } = capabilities;

  describe('password update', () => {
    it('with the current password: the new one holds, the old one does not, other sessions end', async () => {
      const { people } = identity();
      const person = await newPerson(identity());
      const other = await signInAs(identity(), person);
      const stranger = await newPerson(identity());
      await people.updatePassword(person.bearer, { newPassword: NEXT, currentPassword: PASSWORD });
      await people.verify(person.session.access_token);
      await people.refresh(person.session.refresh_token);
      await assert.rejects(people.verify(other.session.access_token), refusal('invalid_token'));
      await assert.rejects(people.refresh(other.session.refresh_token), refusal('refresh_token_not_found'));
      await assert.rejects(people.login(person, DEVICE), refusal('invalid_credentials'));
      await signInAs(identity(), { ...person, password: NEXT });
      await people.verify(stranger.session.access_token);
    });

    it('without a proof changes nothing: an access token may be stolen', async () => {
      const { people } = identity();
      const person = await newPerson(identity());
      const other = await signInAs(identity(), person);
      await assert.rejects(
        people.updatePassword(person.bearer, { newPassword: NEXT }),
        refusal('reauthentication_needed'),
      );
      for (const currentPassword of ['a wrong password', '', NEXT]) {
        await assert.rejects(
          people.updatePassword(person.bearer, { newPassword: NEXT, currentPassword }),
          refusal('current_password_invalid'),
        );
      }
      await people.verify(other.session.access_token);
      await signInAs(identity(), person);
    });

    it('to a weak password, or to the one there is, is refused', async () => {
      const { people } = identity();
      const person = await newPerson(identity());
      const change = (newPassword: string, currentPassword = PASSWORD) =>
        people.updatePassword(person.bearer, { newPassword, currentPassword });
      await assert.rejects(change('short 1'), refusal('weak_password'));
      await assert.rejects(change(person.email), refusal('weak_password'));
      await assert.rejects(change(PASSWORD), refusal('same_password'));
      // Without the proof nobody learns whether a guess is the password there is.
      await assert.rejects(change(PASSWORD, 'a wrong password'), refusal('current_password_invalid'));
      await assert.rejects(
        people.updatePassword(person.bearer, { newPassword: PASSWORD }),
        refusal('reauthentication_needed'),
      );
    });

    itWhere([recovers], 'in a session born of a mailed proof needs no password', async () => {
      const { people, recover } = identity();
      const person = await newPerson(identity());
      const bearer = await bearerOf(identity(), await recover(person.email));
      await assert.rejects(
        people.updatePassword(bearer, { newPassword: PASSWORD }),
        refusal('same_password'),
      );
      await assert.rejects(
        people.updatePassword(bearer, { newPassword: NEXT, currentPassword: 'a wrong password' }),
        refusal('current_password_invalid'),
      );
      await people.updatePassword(bearer, { newPassword: NEXT });
      await assert.rejects(people.verify(person.session.access_token), refusal('invalid_token'));
      await people.verify(bearer.accessToken);
      await signInAs(identity(), { ...person, password: NEXT });
    });

    itWhere([recovers, movesTime], 'by a mailed proof works for ten minutes', async () => {
      const { people, recover, pass } = identity();
      const person = await newPerson(identity());
      const session = await recover(person.email);
      const bearer = await bearerOf(identity(), session);
      await pass(590);
      await people.updatePassword(bearer, { newPassword: NEXT });
      // A refreshed session is as old as the proof it began with.
      const refreshed = await bearerOf(identity(), await people.refresh(session.refresh_token));
      await pass(11);
      for (const late of [bearer, refreshed]) {
        await assert.rejects(
          people.updatePassword(late, { newPassword: PASSWORD }),
          refusal('reauthentication_needed'),
        );
      }
      await people.updatePassword(refreshed, { newPassword: PASSWORD, currentPassword: NEXT });
    });

    it('of two at once by the same old password one wins', async () => {
      const { people } = identity();
      const person = await newPerson(identity());
      const other = await signInAs(identity(), person);
      const passwords = ['the first new one', 'the second new one'];
      const answers = await Promise.allSettled(
        [person, other].map(({ bearer }, index) =>
          people.updatePassword(bearer, { newPassword: passwords[index] ?? '', currentPassword: PASSWORD }),
        ),
      );
      const winner = answers.findIndex(({ status }) => status === 'fulfilled');
      const [loser] = answers.filter((answer) => answer.status === 'rejected');
      assert.ok(winner >= 0 && loser !== undefined);
      assert.ok(['current_password_invalid', 'invalid_token'].some((code) => loser.reason.code === code));
      await signInAs(identity(), { ...person, password: passwords[winner] ?? '' });
      await assert.rejects(
        people.login({ ...person, password: passwords[1 - winner] ?? '' }, DEVICE),
        refusal('invalid_credentials'),
      );
    });
  });
}
