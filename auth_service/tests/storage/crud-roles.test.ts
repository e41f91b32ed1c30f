import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aClient, minutesAfter, permissionNamed, roleNamed } from './builders.ts';

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

describeOnEachDatabase('role and permission stores: crud', (open) => {
  for (const [table, one, another] of [
    ['roles', 'reader', 'writer'],
    ['permissions', 'orders:read', 'orders:write'],
  ] as const) {
    it(`${table} come back as they went in, by id, by name and by names`, async () => {
      const { storage, statements } = await open();
      const store = storage[table];
      const first = { ...roleNamed(one), description: 'Reads.', updatedAt: minutesAfter(TEST_EPOCH, 1) };
      const second = roleNamed(another);
      assert.deepEqual(await store.insert(first), first);
      await store.insert(second);
      assert.deepEqual(await store.find(first.id), first);
      assert.deepEqual(await store.findByName(one), first);
      assert.deepEqual(await store.findByNames([another, 'unknown', one]), [first, second]);
      assert.equal(await store.find(UNKNOWN), null);
      assert.equal(await store.findByName(one.toUpperCase()), null);
      statements.length = 0;
      assert.deepEqual(await store.findByNames([]), []);
      assert.equal(await store.find('no-uuid'), null);
      assert.equal(await store.delete('no-uuid'), false);
      assert.deepEqual(statements, []);
    });

    it(`${table} are listed by name, in pages, searched in any case`, async () => {
      const { storage } = await open();
      const names =
        table === 'roles' ? ['b', 'c', 'a', 'a_x', 'a-y'] : ['b:r', 'c:r', 'a:r', 'a_x:r', 'a-y:r'];
      for (const name of names)
        await storage[table].insert({ ...roleNamed(name), description: `About ${name}` });
      const list = async (page: { limit: number; offset: number; q?: string }) => {
        const { items, count } = await storage[table].list(page);
        return [items.map(({ name }) => name.replace(':r', '')), count];
      };
      assert.deepEqual((await list({ limit: 50, offset: 0 }))[1], 5);
      assert.deepEqual(await list({ limit: 2, offset: 3 }), [['b', 'c'], 5]);
      assert.deepEqual(await list({ limit: 50, offset: 0, q: '_X' }), [['a_x'], 1]);
      assert.deepEqual(await list({ limit: 50, offset: 0, q: 'ABOUT C' }), [['c'], 1]);
    });

    it(`a second one of a name is already_exists among ${table}`, async () => {
      const { storage } = await open();
      await storage[table].insert(roleNamed(one));
      await assert.rejects(storage[table].insert(roleNamed(one)), (error) =>
        isServiceError(error, 'already_exists'),
      );
    });

    it(`names and descriptions out of bounds are validation_failed among ${table}`, async () => {
      const { storage } = await open();
      const refused = (error: unknown) => isServiceError(error, 'validation_failed');
      for (const name of ['', 'Has Spaces', 'ünicode', `${one}\n`, `${'x'.repeat(65)}${one}`]) {
        await assert.rejects(storage[table].insert(roleNamed(name)), refused, JSON.stringify(name));
      }
      await assert.rejects(
        storage[table].insert({ ...roleNamed(one), description: 'x'.repeat(501) }),
        refused,
      );
    });
  }

  it('a permission is given to a role once, taken once, and knows its holders', async () => {
    const { storage } = await open();
    const { id: roleId } = await storage.roles.insert(roleNamed('writer'));
    const { id: otherId } = await storage.roles.insert(roleNamed('admin'));
    const { id: permissionId } = await storage.permissions.insert(permissionNamed('orders:write'));
    const link = { roleId, permissionId, assignedAt: TEST_EPOCH };
    assert.equal(await storage.rolePermissions.add(link), true);
    assert.equal(await storage.rolePermissions.add(link), false);
    await storage.rolePermissions.add({ ...link, roleId: otherId });
    assert.deepEqual(await storage.rolePermissions.list(roleId), [
      { permissionId, name: 'orders:write', assignedAt: TEST_EPOCH },
    ]);
    assert.deepEqual(await storage.permissions.usage(permissionId), { roles: ['admin', 'writer'] });
    assert.equal(await storage.rolePermissions.remove(roleId, permissionId), true);
    assert.equal(await storage.rolePermissions.remove(roleId, permissionId), false);
    assert.deepEqual(await storage.permissions.usage(permissionId), { roles: ['admin'] });
    await assert.rejects(storage.rolePermissions.add({ ...link, permissionId: UNKNOWN }), (error) =>
      isServiceError(error, 'not_found'),
    );
  });

  it('a role or permission goes with its links alone', async () => {
    const { storage } = await open();
    const role = await storage.roles.insert(roleNamed('writer'));
    const permission = await storage.permissions.insert(permissionNamed('orders:write'));
    const client = await storage.clients.insert(aClient());
    await storage.rolePermissions.add({
      roleId: role.id,
      permissionId: permission.id,
      assignedAt: TEST_EPOCH,
    });
    await storage.clientRoles.add({ clientId: client.id, roleId: role.id, assignedAt: TEST_EPOCH });
    assert.equal(await storage.permissions.delete(permission.id), true);
    assert.deepEqual(await storage.rolePermissions.list(role.id), []);
    assert.equal(await storage.roles.delete(role.id), true);
    assert.equal(await storage.roles.delete(role.id), false);
    assert.deepEqual(await storage.clientRoles.list(client.id), []);
    assert.deepEqual(await storage.clients.find(client.id), client);
  });

  it('a bootstrap mark is set once', async () => {
    const { storage } = await open();
    assert.equal(await storage.bootstrapMarks.set('built-ins', TEST_EPOCH), true);
    assert.equal(await storage.bootstrapMarks.set('built-ins', minutesAfter(TEST_EPOCH, 1)), false);
    assert.deepEqual(await storage.bootstrapMarks.list(), [{ name: 'built-ins', at: TEST_EPOCH }]);
  });
});
