import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hash as hashBcrypt } from 'bcrypt';
import { isServiceError } from '#errors';
import { DEVICE, newPerson, PASSWORD, signInAs } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const NEW_PASSWORD = 'another battery, another staple';

describeIdentity('sign-in beside a change of the account', ({ identity }) => {
  const sessionsOf = async (userId: string) => (await identity().storage.sessions.list(userId)).length;

  it('the old password starts no session once it was changed, however early it was checked', async () => {
    const { people, passwords } = identity();
    const person = await newPerson(identity());
    // The right password has been checked; before its session begins, the owner changes it.
    passwords.afterNext(() =>
      people.updatePassword(person.bearer, { newPassword: NEW_PASSWORD, currentPassword: PASSWORD }),
    );
    await assert.rejects(people.login(person, DEVICE), (error) =>
      isServiceError(error, 'invalid_credentials'),
    );
    assert.equal(await sessionsOf(person.userId), 1);
    await people.verify(person.session.access_token);
  });

  it('an account that is deleted while its password is checked is unknown', async () => {
    const { people, passwords } = identity();
    const person = await newPerson(identity());
    passwords.afterNext(() => people.deleteAccount(person.bearer));
    await assert.rejects(people.login(person, DEVICE), (error) =>
      isServiceError(error, 'invalid_credentials'),
    );
  });

  it('an account that is banned while its password is checked starts no session', async () => {
    const { people, passwords, ban } = identity();
    const person = await newPerson(identity());
    passwords.afterNext(() => ban(person.userId));
    await assert.rejects(people.login(person, DEVICE), (error) =>
      isServiceError(error, 'invalid_credentials'),
    );
    assert.equal(await sessionsOf(person.userId), 1);
  });

  it('many log-ins with an imported hash all get in, and one of them upgrades it', async () => {
    const { storage } = identity();
    const person = await newPerson(identity());
    const imported = await hashBcrypt(PASSWORD, 4);
    await storage.accounts.update(person.userId, { passwordHash: imported, updatedAt: new Date() });
    const sessions = await Promise.all(Array.from({ length: 8 }, () => signInAs(identity(), person)));
    assert.equal(new Set(sessions.map(({ bearer }) => bearer.principal.sessionId)).size, 8);
    const stored = (await storage.accounts.findPerson(person.userId))?.account.passwordHash;
    assert.match(stored ?? '', /^\$argon2id\$/);
  });
});
