import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN, ALL, heldBy, openRbac } from './open-rbac.ts';

describeOnEachDatabase('grants', (open) => {
  it('give a role a permission and take it away, once each, with the event of each change', async () => {
    const { rbac, storage, clock, events } = await openRbac(open);
    const role = await rbac.roles.create(ADMIN, { name: 'reader' });
    const permission = await rbac.permissions.create(ADMIN, { name: 'orders:read' });
    const link = { holderId: role.id, id: permission.id, name: 'orders:read', assignedAt: clock.now() };
    assert.deepEqual(await rbac.grantPermission(ADMIN, 'reader', 'orders:read'), { changed: true, ...link });
    assert.deepEqual(await rbac.grantPermission(ADMIN, role.id, permission.id), { changed: false, ...link });
    assert.deepEqual(await heldBy(storage, 'reader'), ['orders:read']);
    assert.equal((await rbac.revokePermission(ADMIN, role.id, 'orders:read')).changed, true);
    assert.equal((await rbac.revokePermission(ADMIN, 'reader', 'orders:read')).changed, false);
    assert.deepEqual(await heldBy(storage, 'reader'), []);
    const detail = { role: 'reader', permission: 'orders:read', permission_id: permission.id };
    assert.deepEqual((await events()).slice(2), [
      { action: 'permission.granted', subjectType: 'role', detail },
      { action: 'permission.removed', subjectType: 'role', detail },
    ]);
  });

  for (const holder of ['client', 'user'] as const) {
    it(`give a ${holder} a role and take it away, once each, with the event of each change`, async () => {
      const { rbac, clock, createClient, createUser, events } = await openRbac(open);
      const role = await rbac.roles.create(ADMIN, { name: 'reader' });
      const id = await (holder === 'client' ? createClient() : createUser());
      const { grant, revoke, list } =
        holder === 'client'
          ? { grant: rbac.grantRoleToClient, revoke: rbac.revokeRoleFromClient, list: rbac.clientRoles }
          : { grant: rbac.grantRoleToUser, revoke: rbac.revokeRoleFromUser, list: rbac.userRoles };
      const link = { holderId: id, id: role.id, name: 'reader', assignedAt: clock.now() };
      assert.deepEqual(await grant(ADMIN, id, 'reader'), { changed: true, ...link });
      assert.deepEqual(await grant(ADMIN, id, 'reader'), { changed: false, ...link });
      const held = { roleId: role.id, name: 'reader', assignedAt: clock.now() };
      assert.deepEqual(await list(id, ALL), { items: [held], count: 1 });
      assert.equal((await revoke(ADMIN, id, role.id)).changed, true);
      assert.equal((await revoke(ADMIN, id, 'reader')).changed, false);
      assert.deepEqual(await list(id, ALL), { items: [], count: 0 });
      const detail = { role: 'reader', role_id: role.id };
      assert.deepEqual((await events()).slice(1), [
        { action: 'role.granted', subjectType: holder, detail },
        { action: 'role.removed', subjectType: holder, detail },
      ]);
    });
  }

  it('without their event do not happen', async () => {
    const { rbac, rbacWithoutAudit, storage, createClient } = await openRbac(open);
    const client = await createClient();
    await rbac.roles.create(ADMIN, { name: 'reader' });
    await rbac.permissions.create(ADMIN, { name: 'orders:read' });
    await assert.rejects(rbacWithoutAudit.grantPermission(ADMIN, 'reader', 'orders:read'), /no audit/);
    await assert.rejects(rbacWithoutAudit.grantRoleToClient(ADMIN, client, 'reader'), /no audit/);
    assert.deepEqual(await heldBy(storage, 'reader'), []);
    assert.equal((await rbac.clientRoles(client, ALL)).count, 0);
    await rbac.grantPermission(ADMIN, 'reader', 'orders:read');
    await rbac.grantRoleToClient(ADMIN, client, 'reader');
    await assert.rejects(rbacWithoutAudit.revokePermission(ADMIN, 'reader', 'orders:read'), /no audit/);
    await assert.rejects(rbacWithoutAudit.revokeRoleFromClient(ADMIN, client, 'reader'), /no audit/);
    assert.equal((await heldBy(storage, 'reader')).length, 1);
    assert.equal((await rbac.clientRoles(client, ALL)).count, 1);
  });

  it('name what is not there', async () => {
    const { rbac, createClient } = await openRbac(open);
    const client = await createClient();
    await rbac.roles.create(ADMIN, { name: 'reader' });
    const nobody = crypto.randomUUID();
    const cases: [() => Promise<unknown>, string][] = [
      [() => rbac.grantPermission(ADMIN, 'nope', 'orders:read'), 'There is no role "nope".'],
      [() => rbac.grantPermission(ADMIN, 'reader', 'orders:read'), 'There is no permission "orders:read".'],
      [() => rbac.grantRoleToClient(ADMIN, client, 'nope'), 'There is no role "nope".'],
      [() => rbac.grantRoleToClient(ADMIN, nobody, 'reader'), `There is no client "${nobody}".`],
      [() => rbac.revokeRoleFromClient(ADMIN, 'no uuid', 'reader'), 'There is no client "no uuid".'],
      [() => rbac.clientRoles('\0', ALL), 'There is no client "\\u0000".'],
    ];
    for (const [refused, message] of cases) await assert.rejects(refused, { code: 'not_found', message });
  });

  it('of the same thing at once change it once', async () => {
    const { rbac, rbacOver, openAnother, createClient, events } = await openRbac(open);
    const other = rbacOver(await openAnother());
    const client = await createClient();
    await rbac.roles.create(ADMIN, { name: 'reader' });
    const changes = await Promise.all(
      [rbac, other, rbac, other].map((one) => one.grantRoleToClient(ADMIN, client, 'reader')),
    );
    assert.equal(changes.filter(({ changed }) => changed).length, 1);
    assert.equal((await events()).length, 2);
  });
});
