import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hash as hashArgon2 } from '@node-rs/argon2';
import { hash as hashBcrypt } from 'bcrypt';
import { ServiceError } from '#errors';
import { DEVICE, newPerson, PASSWORD, refusal, signInAs } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const CURRENT = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

describeIdentity('accounts from elsewhere', ({ identity, database }) => {
  async function imported(passwordHash: string, password = PASSWORD) {
    const { storage } = identity();
    const person = await newPerson(identity());
    await storage.accounts.update(person.userId, { passwordHash, updatedAt: new Date(0) });
    return { ...person, password };
  }
  const hashOf = async (userId: string) =>
    (await identity().storage.accounts.findPerson(userId))?.account.passwordHash ?? '';

  it('the first right password replaces the hash, a wrong one does not, the second time costs one hash', async () => {
    const { people, passwords } = identity();
    for (const hash of [await hashBcrypt(PASSWORD, 4), await hashArgon2(PASSWORD, { memoryCost: 4096 })]) {
      const person = await imported(hash);
      const wrong = { ...person, password: 'a wrong password' };
      await assert.rejects(people.login(wrong, DEVICE), refusal('invalid_credentials'));
      assert.equal(await hashOf(person.userId), hash);
      await signInAs(identity(), person);
      assert.match(await hashOf(person.userId), CURRENT);
      const before = passwords.count();
      await signInAs(identity(), person);
      assert.equal(passwords.count() - before, 1);
    }
  });

  it('a password that bcrypt would not read to its end is refused, though its beginning is right', async () => {
    const { people } = identity();
    const read = 'x'.repeat(72);
    const person = await imported(await hashBcrypt(read, 4), read);
    const longer = { ...person, password: `${read}y` };
    await assert.rejects(people.login(longer, DEVICE), refusal('invalid_credentials'));
    await signInAs(identity(), person);
  });

  it('a queue that is full puts the upgrade off, not the person', async () => {
    const { passwords } = identity();
    const hash = await hashBcrypt(PASSWORD, 4);
    const person = await imported(hash);
    database().logger.lines.length = 0;
    // After the check comes the upgrade, and finds no room.
    passwords.afterNext(async () => {
      passwords.afterNext(() => Promise.reject(new ServiceError('overloaded')));
    });
    await signInAs(identity(), person);
    assert.equal(await hashOf(person.userId), hash);
    assert.deepEqual(
      database().logger.lines.map(({ level, context }) => [level, context?.user_id]),
      [['WARNING', person.userId]],
    );
    await signInAs(identity(), person);
    assert.match(await hashOf(person.userId), CURRENT);
  });

  it('one without a password sets its first by a mailed proof alone', async () => {
    const { people, storage, recover } = identity();
    const person = await newPerson(identity());
    await storage.accounts.update(person.userId, { passwordHash: null, updatedAt: new Date(0) });
    const newPassword = 'the first password of all';
    for (const currentPassword of ['', PASSWORD]) {
      await assert.rejects(
        people.updatePassword(person.bearer, { newPassword, currentPassword }),
        refusal('current_password_invalid'),
      );
    }
    const { access_token: accessToken } = await recover(person.email);
    await people.updatePassword(
      { principal: await people.verify(accessToken), accessToken },
      { newPassword },
    );
    await signInAs(identity(), { ...person, password: newPassword });
  });
});
