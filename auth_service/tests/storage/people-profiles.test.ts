import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import type { Account, LinkedIdentity } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { minutesAfter, roleNamed } from './builders.ts';
import { anAccount, anIdentity, aProfile, storeAccount } from './people-builders.ts';

const exists = (error: unknown) => isServiceError(error, 'already_exists');
const missing = (error: unknown) => isServiceError(error, 'not_found');

describeOnEachDatabase('profile store', (open) => {
  it('a profile comes back as it went in, with those of the roles that exist', async () => {
    const { storage, statements } = await open();
    const user = await storage.roles.insert(roleNamed('user'));
    const profile = aProfile({ username: 'Ada', firstName: 'Ada', lastName: 'Lovelace', isActive: false });
    statements.length = 0;
    await storage.profiles.insert(profile, ['user', 'nobody-made-it']);
    assert.equal(statements.length, 1);
    assert.deepEqual(await storage.profiles.find(profile.userId), profile);
    assert.deepEqual(await storage.userRoles.list(profile.userId), [
      { roleId: user.id, name: 'user', assignedAt: TEST_EPOCH },
    ]);
    const roleless = aProfile();
    await storage.profiles.insert(roleless, []);
    assert.deepEqual(await storage.userRoles.list(roleless.userId), []);
  });

  it('a username is one person’s in whatever case and script', async () => {
    const { storage } = await open();
    await storage.roles.insert(roleNamed('user'));
    await storage.profiles.insert(aProfile({ username: 'Zoë.Ж' }), []);
    const other = aProfile();
    await storage.profiles.insert(other, []);
    for (const username of ['Zoë.Ж', 'ZOË.Ж', 'zoë.ж']) {
      assert.equal(await storage.profiles.isUsernameTaken(username), true);
      const late = aProfile({ username });
      await assert.rejects(storage.profiles.insert(late, ['user']), exists);
      assert.equal(await storage.profiles.find(late.userId), null);
      const change = { username, updatedAt: TEST_EPOCH };
      await assert.rejects(storage.profiles.update(other.userId, change), exists);
    }
    for (const username of ['Zoe.Ж', 'zoë%', 'zoë_ж', '']) {
      assert.equal(await storage.profiles.isUsernameTaken(username), false, username);
    }
  });

  it('any number of people have no username', async () => {
    const { storage } = await open();
    await storage.profiles.insert(aProfile(), []);
    await storage.profiles.insert(aProfile(), []);
  });

  it('a change leaves alone what it does not name, and null empties', async () => {
    const { storage } = await open();
    const profile = aProfile({ username: 'ada', firstName: 'Ada', lastName: 'Lovelace' });
    await storage.profiles.insert(profile, []);
    const updatedAt = minutesAfter(TEST_EPOCH, 1);
    const changed = { ...profile, firstName: null, isActive: false, updatedAt };
    const { userId } = profile;
    assert.deepEqual(
      await storage.profiles.update(userId, { firstName: null, isActive: false, updatedAt }),
      changed,
    );
    assert.deepEqual(await storage.profiles.find(userId), changed);
    // One's own name in another case is not taken.
    const renamed = await storage.profiles.update(userId, { username: 'ADA', updatedAt });
    assert.equal(renamed?.username, 'ADA');
    assert.equal(await storage.profiles.update(crypto.randomUUID(), { updatedAt }), null);
  });

  it('names too long for the columns are refused, and change nothing', async () => {
    const { storage } = await open();
    const profile = aProfile({ username: 'a'.repeat(50), firstName: 'b'.repeat(100) });
    await storage.profiles.insert(profile, []);
    for (const change of [{ username: 'a'.repeat(51) }, { username: '' }, { lastName: 'c'.repeat(101) }]) {
      await assert.rejects(
        storage.profiles.update(profile.userId, { ...change, updatedAt: TEST_EPOCH }),
        (error) => isServiceError(error, 'validation_failed'),
      );
    }
    assert.deepEqual(await storage.profiles.find(profile.userId), profile);
  });

  it('a profile that goes takes its roles with it, and nothing else', async () => {
    const { storage } = await open();
    await storage.roles.insert(roleNamed('user'));
    const { id: userId } = await storeAccount(storage);
    await storage.profiles.insert(aProfile({ userId }), ['user']);
    assert.equal(await storage.profiles.delete(userId), true);
    assert.equal(await storage.profiles.delete(userId), false);
    assert.deepEqual(await storage.userRoles.list(userId), []);
    assert.ok((await storage.accounts.findPerson(userId)) !== null);
  });

  it('what is no id finds nothing, and never reaches SQL', async () => {
    const { storage, statements } = await open();
    assert.equal(await storage.profiles.find('no id'), null);
    assert.equal(await storage.profiles.update('no id', { updatedAt: TEST_EPOCH }), null);
    assert.equal(await storage.profiles.delete('no id'), false);
    assert.deepEqual(statements, []);
  });
});

describeOnEachDatabase('user role store', (open) => {
  it('a role is given once and taken once', async () => {
    const { storage } = await open();
    const [reader, admin] = [
      await storage.roles.insert(roleNamed('reader')),
      await storage.roles.insert(roleNamed('admin')),
    ];
    const { userId } = aProfile();
    await storage.profiles.insert(aProfile({ userId }), ['reader']);
    const link = { userId, roleId: admin.id, assignedAt: minutesAfter(TEST_EPOCH, 1) };
    assert.equal(await storage.userRoles.add(link), true);
    assert.equal(await storage.userRoles.add({ ...link, assignedAt: TEST_EPOCH }), false);
    assert.deepEqual(await storage.userRoles.list(userId), [
      { roleId: admin.id, name: 'admin', assignedAt: link.assignedAt },
      { roleId: reader.id, name: 'reader', assignedAt: TEST_EPOCH },
    ]);
    assert.equal(await storage.userRoles.remove(userId, admin.id), true);
    assert.equal(await storage.userRoles.remove(userId, admin.id), false);
    await storage.roles.delete(reader.id);
    assert.deepEqual(await storage.userRoles.list(userId), []);
  });

  it('there is nothing to give to nobody, and nothing that is no role', async () => {
    const { storage } = await open();
    const { id: roleId } = await storage.roles.insert(roleNamed('reader'));
    const { userId } = aProfile();
    await storage.profiles.insert(aProfile({ userId }), []);
    const stranger = await storeAccount(storage);
    for (const link of [
      { userId: crypto.randomUUID(), roleId },
      { userId: stranger.id, roleId },
      { userId, roleId: crypto.randomUUID() },
      { userId: 'no id', roleId },
      { userId, roleId: 'no id' },
    ]) {
      await assert.rejects(storage.userRoles.add({ ...link, assignedAt: TEST_EPOCH }), missing);
    }
    assert.equal(await storage.userRoles.remove('no id', roleId), false);
    assert.equal(await storage.userRoles.remove(userId, 'no id'), false);
    assert.deepEqual(await storage.userRoles.list('no id'), []);
  });

  it('is held by whoever can log in, where accounts are ours', async () => {
    const { storage } = await open();
    await storage.roles.insert(roleNamed('admin'));
    const isHeld = (now = TEST_EPOCH) => storage.userRoles.isHeld('admin', now);
    const holder = async (given: Partial<Account>, identity: Partial<LinkedIdentity> = {}) => {
      const account = anAccount(given);
      await storage.accounts.insert(account, anIdentity(account, identity));
      await storage.profiles.insert(aProfile({ userId: account.id }), ['admin']);
      return account.id;
    };
    assert.equal(await isHeld(), false);
    await storage.profiles.insert(aProfile(), ['admin']);
    assert.equal(await isHeld(), false, 'without an account');
    await holder({ emailConfirmedAt: null });
    assert.equal(await isHeld(), false, 'with an address that waits');
    const emailConfirmedAt = TEST_EPOCH;
    await holder({ emailConfirmedAt, passwordHash: null });
    assert.equal(await isHeld(), false, 'without a password');
    const known = await holder({ emailConfirmedAt, passwordHash: null }, { provider: 'google' });
    assert.equal(await isHeld(), true, 'by an account elsewhere');
    await storage.profiles.update(known, { isActive: false, updatedAt: TEST_EPOCH });
    assert.equal(await isHeld(), false, 'deactivated');
    await holder({ emailConfirmedAt, bannedUntil: minutesAfter(TEST_EPOCH, 1) });
    assert.equal(await isHeld(), false, 'banned');
    assert.equal(await isHeld(minutesAfter(TEST_EPOCH, 1)), true, 'once the ban is over');
    await holder({ emailConfirmedAt });
    assert.equal(await isHeld(), true, 'with a password');
    assert.equal(await storage.userRoles.isHeld('nobody-made-it', TEST_EPOCH), false);
  });

  it('is held by whoever is active, where another server keeps the accounts', async () => {
    const { storage, openAnother } = await open();
    await storage.roles.insert(roleNamed('admin'));
    const elsewhere = await openAnother({ accountsAreOurs: false });
    const isHeld = () => elsewhere.userRoles.isHeld('admin', TEST_EPOCH);
    assert.equal(await isHeld(), false);
    const { userId } = aProfile();
    await storage.profiles.insert(aProfile({ userId }), ['admin']);
    assert.equal(await isHeld(), true);
    await elsewhere.transaction(async (stores) => {
      assert.equal(await stores.userRoles.isHeld('admin', TEST_EPOCH), true);
    });
    await storage.profiles.update(userId, { isActive: false, updatedAt: TEST_EPOCH });
    assert.equal(await isHeld(), false);
  });
});
