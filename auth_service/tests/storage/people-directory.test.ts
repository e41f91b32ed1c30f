import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Page, PersonColumn, Profile, Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { minutesAfter, permissionNamed, roleNamed } from './builders.ts';
import { aProfile, storeAccount } from './people-builders.ts';

const ALL = { limit: 50, offset: 0 };

describeOnEachDatabase('directory store', (open) => {
  it('shows the profile with what matters of the account, and the roles that were given', async () => {
    const { storage, statements } = await open();
    for (const name of ['user', 'editor']) await storage.roles.insert(roleNamed(name));
    const at = (minutes: number) => minutesAfter(TEST_EPOCH, minutes);
    const times = { emailConfirmedAt: at(1), lastSignInAt: at(2), bannedUntil: at(3) };
    const { id: userId } = await storeAccount(storage, times);
    const profile = aProfile({ userId, username: 'ada', firstName: 'Ada', isActive: false });
    await storage.profiles.insert(profile, ['user', 'editor']);
    const elsewhere = aProfile();
    await storage.profiles.insert(elsewhere, []);
    statements.length = 0;
    assert.deepEqual(await storage.directory.find(userId), {
      ...profile,
      ...times,
      roles: ['editor', 'user'],
    });
    const nothing = { emailConfirmedAt: null, lastSignInAt: null, bannedUntil: null, roles: [] };
    assert.deepEqual(await storage.directory.find(elsewhere.userId), { ...elsewhere, ...nothing });
    assert.equal(statements.length, 2);
    assert.equal(await storage.directory.find(crypto.randomUUID()), null);
    assert.equal(await storage.directory.find('no id'), null);
  });

  it('lists the newest first, or by e-mail, both ways, in pages that meet without a gap', async () => {
    const { storage, statements } = await open();
    await storage.roles.insert(roleNamed('user'));
    // Two of each moment, so that only their ids order them.
    const people = Array.from({ length: 7 }, (_, index) =>
      aProfile({
        email: `${index % 4}${index}@example.com`,
        createdAt: minutesAfter(TEST_EPOCH, index >> 1),
      }),
    );
    for (const profile of people) await storage.profiles.insert(profile, ['user']);
    const byId = (a: Profile, b: Profile) => (a.userId < b.userId ? -1 : 1);
    const byAge = people.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || byId(a, b));
    const byEmail = people.toSorted((a, b) => (a.email < b.email ? -1 : 1));
    const inPages = async (sort?: Page<PersonColumn>['sort']) => {
      const ids: string[] = [];
      for (let offset = 0; offset < people.length; offset += 3) {
        const page = { limit: 3, offset, ...(sort === undefined ? {} : { sort }) };
        const { items, count } = await storage.directory.list(page);
        assert.equal(count, people.length);
        assert.ok(items.every(({ roles }) => roles.join() === 'user'));
        ids.push(...items.map(({ userId }) => userId));
      }
      return ids;
    };
    const ids = (profiles: readonly Profile[]) => profiles.map(({ userId }) => userId);
    const newestFirst = await inPages();
    assert.deepEqual(newestFirst, ids(byAge.toReversed()));
    assert.deepEqual(await inPages({ column: 'created_at', isDescending: false }), ids(byAge));
    assert.deepEqual(await inPages({ column: 'email', isDescending: false }), ids(byEmail));
    assert.deepEqual(await inPages({ column: 'email', isDescending: true }), ids(byEmail.toReversed()));
    statements.length = 0;
    await storage.directory.list(ALL);
    assert.equal(statements.length, 1, 'what ends within its page needs no count');
    assert.deepEqual(await storage.directory.list({ limit: 3, offset: 100 }), { items: [], count: 7 });
    assert.equal(statements.length, 3);
  });

  const searching = async (storage: Storage, q: string): Promise<string[]> => {
    const { items, count } = await storage.directory.list({ ...ALL, q });
    assert.equal(items.length, count);
    return items.map(({ email }) => email).sort();
  };

  it('finds a text anywhere in e-mail and names, in any case', async () => {
    const { storage } = await open();
    const ada = {
      email: 'ada.lovelace@example.com',
      username: 'Countess',
      firstName: 'Ada',
      lastName: 'Байрон',
    };
    const grace = {
      email: 'grace@example.com',
      username: null,
      firstName: 'Grace',
      lastName: 'Hopper-Murray',
    };
    for (const names of [ada, grace]) await storage.profiles.insert(aProfile(names), []);
    for (const q of ['LOVE', 'a.love', 'ountes', 'БАЙ', 'ada']) {
      assert.deepEqual(await searching(storage, q), [ada.email], q);
    }
    for (const q of ['hopper-m', 'Grace', 'PPER'])
      assert.deepEqual(await searching(storage, q), [grace.email]);
    assert.deepEqual(await searching(storage, 'example'), [ada.email, grace.email]);
    assert.deepEqual(await searching(storage, 'nobody'), []);
    assert.equal((await searching(storage, '')).length, 2);
  });

  it('finds a short text at the beginning of e-mail and username', async () => {
    const { storage } = await open();
    const ada = { email: 'Ada@example.com', username: 'Countess', firstName: 'Ba' };
    const bob = { email: 'bob@example.com', username: 'ADmin' };
    for (const names of [ada, bob]) await storage.profiles.insert(aProfile(names), []);
    assert.deepEqual(await searching(storage, 'AD'), [ada.email, bob.email]);
    assert.deepEqual(await searching(storage, 'c'), [ada.email]);
    assert.deepEqual(await searching(storage, 'BO'), [bob.email]);
    assert.deepEqual(await searching(storage, 'om'), []);
    assert.deepEqual(await searching(storage, 'Ba'), []);
  });

  it('takes the wildcards of SQL for what they are', async () => {
    const { storage } = await open();
    const plain = ['ada@example.com', 'xyz@example.com'];
    for (const email of plain) await storage.profiles.insert(aProfile({ email }), []);
    for (const q of [
      '%',
      '_',
      '\\',
      '%%%',
      '___',
      '%ada',
      'a_a',
      'ad%',
      'ada\\',
      '\\%',
      "'",
      "ada' or '1'='1",
    ]) {
      assert.deepEqual(await searching(storage, q), [], q);
    }
    const odd = ['%da@example.com', '_da@example.com', 'x%z@example.com', 'a_da@example.com'];
    for (const email of odd) await storage.profiles.insert(aProfile({ email, lastName: 'back\\slash' }), []);
    assert.deepEqual(await searching(storage, '%'), ['%da@example.com']);
    assert.deepEqual(await searching(storage, '_d'), ['_da@example.com']);
    assert.deepEqual(await searching(storage, 'x%'), ['x%z@example.com']);
    assert.deepEqual(await searching(storage, '_da@example'), ['_da@example.com', 'a_da@example.com']);
    assert.equal((await searching(storage, 'back\\sla')).length, odd.length);
  });

  it('tells what a person may do and from which roles, and nothing of who is deactivated', async () => {
    const { storage, statements } = await open();
    const permissions = new Map<string, string>();
    for (const name of ['orders:read', 'orders:write', 'audit:all']) {
      permissions.set(name, (await storage.permissions.insert(permissionNamed(name))).id);
    }
    const role = async (name: string, ...granted: string[]) => {
      const { id } = await storage.roles.insert(roleNamed(name));
      for (const permission of granted) {
        const permissionId = permissions.get(permission) ?? '';
        await storage.rolePermissions.add({ roleId: id, permissionId, assignedAt: TEST_EPOCH });
      }
    };
    await role('writer', 'orders:read', 'orders:write');
    await role('reader', 'orders:read');
    await role('auditor', 'audit:all');
    await role('user');
    const { userId } = aProfile();
    await storage.profiles.insert(aProfile({ userId }), ['writer', 'reader', 'user']);
    statements.length = 0;
    assert.deepEqual(await storage.directory.effectivePermissions(userId), [
      { name: 'orders:read', roles: ['reader', 'writer'] },
      { name: 'orders:write', roles: ['writer'] },
    ]);
    assert.equal(statements.length, 1);
    await storage.profiles.update(userId, { isActive: false, updatedAt: TEST_EPOCH });
    assert.deepEqual(await storage.directory.effectivePermissions(userId), []);
    assert.deepEqual(await storage.directory.effectivePermissions(crypto.randomUUID()), []);
    assert.deepEqual(await storage.directory.effectivePermissions('no id'), []);
  });
});
