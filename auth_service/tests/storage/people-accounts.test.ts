import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import type { Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { minutesAfter, permissionNamed, roleNamed } from './builders.ts';
import { anAccount, anIdentity, aProfile, aSession, storeAccount } from './people-builders.ts';

async function roleWith(storage: Storage, name: string, ...permissions: string[]): Promise<void> {
  const role = await storage.roles.insert(roleNamed(name));
  for (const permission of permissions) {
    const { id: permissionId } =
      (await storage.permissions.findByName(permission)) ??
      (await storage.permissions.insert(permissionNamed(permission)));
    await storage.rolePermissions.add({ roleId: role.id, permissionId, assignedAt: TEST_EPOCH });
  }
}

describeOnEachDatabase('account store', (open) => {
  it('an account comes back as it went in, by id and by address, in one statement', async () => {
    const { storage, statements } = await open();
    const account = anAccount({
      emailConfirmedAt: TEST_EPOCH,
      lastSignInAt: minutesAfter(TEST_EPOCH, 1),
      bannedUntil: minutesAfter(TEST_EPOCH, 2),
      appMetadata: { provider: 'email', list: [1, null, { deep: 'ä"\\' }] },
      userMetadata: { name: 'Ада', roles: ['admin'] },
      updatedAt: minutesAfter(TEST_EPOCH, 3),
    });
    const identity = anIdentity(account, { lastSignInAt: TEST_EPOCH, identityData: { sub: account.id } });
    const profile = aProfile({ userId: account.id, username: 'ada' });
    await storage.roles.insert(roleNamed('user'));
    assert.equal(await storage.accounts.insert(account, identity), true);
    await storage.profiles.insert(profile, ['user']);
    const person = { account, identities: [identity], profile, roles: ['user'], permissions: [] };
    statements.length = 0;
    assert.deepEqual(await storage.accounts.findPerson(account.id), person);
    assert.deepEqual(await storage.accounts.findPersonByEmail(account.email), person);
    assert.equal(statements.length, 2);
    assert.equal(await storage.accounts.findPersonByEmail('nobody@example.com'), null);
    assert.equal(await storage.accounts.findPerson(crypto.randomUUID()), null);
  });

  it('an address that is taken changes nothing, and throws nothing', async () => {
    const { storage } = await open();
    const account = await storeAccount(storage);
    const late = anAccount({ email: account.email, passwordHash: 'another hash' });
    assert.equal(await storage.accounts.insert(late, anIdentity(late)), false);
    assert.equal(await storage.accounts.findPerson(late.id), null);
    const person = await storage.accounts.findPersonByEmail(account.email);
    assert.deepEqual([person?.account, person?.identities.length], [account, 1]);
  });

  it('of many that insert one address one has', async () => {
    const { storage } = await open();
    const accounts = Array.from({ length: 20 }, () => anAccount({ email: 'ada@example.com' }));
    const answers = await Promise.all(
      accounts.map((account) => storage.accounts.insert(account, anIdentity(account))),
    );
    assert.equal(answers.filter((created) => created).length, 1);
    const person = await storage.accounts.findPersonByEmail('ada@example.com');
    assert.equal(person?.account.id, accounts[answers.indexOf(true)]?.id);
  });

  it('account and identity come together or not at all', async () => {
    const { storage } = await open();
    const first = await storeAccount(storage);
    const second = anAccount();
    const taken = anIdentity(second, { providerId: first.id });
    await assert.rejects(storage.accounts.insert(second, taken), (error) =>
      isServiceError(error, 'already_exists'),
    );
    assert.equal(await storage.accounts.findPerson(second.id), null);
  });

  it('an address is kept in lower case, whoever writes it', async () => {
    const { storage } = await open();
    const account = anAccount({ email: 'Ada@example.com' });
    await assert.rejects(storage.accounts.insert(account, anIdentity(account)), (error) =>
      isServiceError(error, 'validation_failed'),
    );
  });

  it('a change leaves alone what it does not name, and null empties', async () => {
    const { storage } = await open();
    const account = await storeAccount(storage, { bannedUntil: TEST_EPOCH });
    const updatedAt = minutesAfter(TEST_EPOCH, 1);
    const accountNow = async () => (await storage.accounts.findPerson(account.id))?.account;
    assert.equal(await storage.accounts.update(account.id, { updatedAt }), true);
    assert.deepEqual(await accountNow(), { ...account, updatedAt });
    const change = {
      passwordHash: null,
      emailConfirmedAt: updatedAt,
      lastSignInAt: updatedAt,
      bannedUntil: null,
      userMetadata: { a: 1 },
      updatedAt,
    };
    assert.equal(await storage.accounts.update(account.id, change), true);
    assert.deepEqual(await accountNow(), { ...account, ...change });
    assert.equal(await storage.accounts.update(crypto.randomUUID(), change), false);
    assert.equal(await storage.accounts.update('no id', change), false);
  });

  it('a change that expects a hash happens while it is that one, none included', async () => {
    const { storage } = await open();
    const { id } = await storeAccount(storage, { passwordHash: 'one' });
    const set = (passwordHash: string | null, expected: string | null) =>
      storage.accounts.update(id, { passwordHash, updatedAt: TEST_EPOCH }, { passwordHash: expected });
    assert.equal(await set('two', null), false);
    assert.equal(await set('two', 'other'), false);
    assert.equal(await set(null, 'one'), true);
    assert.equal(await set('three', 'one'), false);
    assert.equal(await set('three', null), true);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => set(`new ${index}`, 'three')));
    assert.equal(answers.filter((changed) => changed).length, 1);
    const stored = (await storage.accounts.findPerson(id))?.account.passwordHash;
    assert.equal(stored, `new ${answers.indexOf(true)}`);
  });

  it('an account that goes takes identities and sessions with it, and leaves the profile', async () => {
    const { storage, query } = await open();
    const { id: userId } = await storeAccount(storage);
    const neighbour = await storeAccount(storage);
    await storage.sessions.insert(aSession(userId));
    await storage.sessions.insert(aSession(neighbour.id));
    await storage.profiles.insert(aProfile({ userId }), []);
    assert.equal(await storage.accounts.delete(userId), true);
    assert.equal(await storage.accounts.delete(userId), false);
    assert.equal(await storage.accounts.delete('no id'), false);
    for (const table of ['users', 'identities', 'sessions']) {
      assert.equal((await query(`select from auth_service_identity.${table}`)).length, 1, table);
    }
    assert.ok((await storage.profiles.find(userId)) !== null);
  });

  it('what a person holds: what was granted, by code point, each once', async () => {
    const { storage } = await open();
    await roleWith(storage, 'ab', 'b:x', 'a:x', 'a-b:x');
    await roleWith(storage, 'a-z', 'a:x', 'a:w');
    await roleWith(storage, 'user', 'a:x');
    await roleWith(storage, 'other', 'c:x');
    const { id: userId } = await storeAccount(storage);
    await storage.profiles.insert(aProfile({ userId }), ['user', 'ab', 'a-z']);
    const person = await storage.accounts.findPerson(userId);
    assert.deepEqual(person?.roles, ['a-z', 'ab', 'user']);
    assert.deepEqual(person?.permissions, ['a-b:x', 'a:w', 'a:x', 'b:x']);
  });

  it('what a person holds without a profile is the default role, with an inactive one nothing', async () => {
    const { storage } = await open();
    await roleWith(storage, 'user', 'own:things');
    await roleWith(storage, 'admin', 'all:things');
    const { id: userId, email } = await storeAccount(storage);
    const held = async () => {
      const { roles, permissions } = (await storage.accounts.findPersonByEmail(email)) ?? {};
      return [roles, permissions];
    };
    assert.deepEqual(await held(), [['user'], ['own:things']]);
    await storage.profiles.insert(aProfile({ userId }), ['admin']);
    assert.deepEqual(await held(), [['admin'], ['all:things']]);
    await storage.profiles.update(userId, { isActive: false, updatedAt: TEST_EPOCH });
    assert.deepEqual(await held(), [[], []]);
    await storage.profiles.delete(userId);
    const user = await storage.roles.findByName('user');
    await storage.roles.delete(user?.id ?? '');
    assert.deepEqual(await held(), [[], []]);
  });
});
