import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bearerOf, DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const NEXT = 'another battery, another staple';
const THIRD = 'a third battery, a third staple';

describeIdentity('password change beside other changes', ({ identity }) => {
  const change = { newPassword: NEXT, currentPassword: PASSWORD };
  const sessionsOf = async (userId: string) =>
    (await identity().storage.sessions.list(userId)).map(({ id }) => id);

  it('a proof that was right when it was looked at does not win against a change meanwhile', async () => {
    const { people, passwords } = identity();
    const thief = await newPerson(identity());
    const owner = await signInAs(identity(), thief);
    // The thief's proof is good; before it is acted on, the owner changes the password.
    passwords.afterNext(() => people.updatePassword(owner.bearer, change));
    await assert.rejects(
      people.updatePassword(thief.bearer, { newPassword: THIRD, currentPassword: PASSWORD }),
      refusal('current_password_invalid'),
    );
    await signInAs(identity(), { ...owner, password: NEXT });
    await assert.rejects(people.verify(thief.session.access_token), refusal('invalid_token'));
  });

  it('a session that was ended while the new password was hashed changes nothing', async () => {
    const { people, passwords } = identity();
    const thief = await newPerson(identity());
    const owner = await signInAs(identity(), thief);
    passwords.afterNext(() => people.logout(owner.bearer, 'others'));
    await assert.rejects(people.updatePassword(thief.bearer, change), refusal('invalid_token'));
    await signInAs(identity(), owner);
    await people.verify(owner.session.access_token);
  });

  it('a mailed proof does not win against a change meanwhile, either', async () => {
    const { people, passwords, recover } = identity();
    const owner = await newPerson(identity());
    const thief = await bearerOf(identity(), await recover(owner.email));
    passwords.afterNext(() => people.updatePassword(owner.bearer, change));
    await assert.rejects(people.updatePassword(thief, { newPassword: THIRD }), refusal('invalid_token'));
    await signInAs(identity(), { ...owner, password: NEXT });
  });

  it('an account that is deleted meanwhile stays deleted', async () => {
    const { people, passwords, storage } = identity();
    const person = await newPerson(identity());
    passwords.afterNext(() => people.deleteAccount(person.bearer));
    await assert.rejects(people.updatePassword(person.bearer, change), refusal('invalid_token'));
    assert.equal(await storage.accounts.findPerson(person.userId), null);
  });

  it('no session that began with the old password outlives the change, whenever it began', async () => {
    const { people } = identity();
    const person = await newPerson(identity());
    const logins = Array.from({ length: 12 }, () => people.login(person, DEVICE));
    const [changed, ...answers] = await Promise.allSettled([
      people.updatePassword(person.bearer, change),
      ...logins,
    ]);
    assert.equal(changed.status, 'fulfilled');
    for (const answer of answers) {
      if (answer.status === 'rejected') assert.ok(refusal('invalid_credentials')(answer.reason));
    }
    assert.deepEqual(await sessionsOf(person.userId), [person.bearer.principal.sessionId]);
  });

  it('log-ins, refreshes and a deletion at once end in an account that is gone', async () => {
    const { people, storage } = identity();
    const person = await newPerson(identity());
    const answers = await Promise.allSettled([
      ...Array.from({ length: 6 }, () => people.login(person, DEVICE)),
      people.deleteAccount(person.bearer),
      ...Array.from({ length: 6 }, () => people.refresh(person.session.refresh_token)),
      ...Array.from({ length: 6 }, () => people.login(person, DEVICE)),
    ]);
    for (const answer of answers) {
      if (answer.status === 'fulfilled') continue;
      const { code } = answer.reason;
      assert.ok(['invalid_credentials', 'refresh_token_not_found'].includes(code), `${answer.reason}`);
    }
    assert.equal(await storage.accounts.findPerson(person.userId), null);
    assert.equal(await storage.profiles.find(person.userId), null);
    assert.deepEqual(await sessionsOf(person.userId), []);
  });
});
