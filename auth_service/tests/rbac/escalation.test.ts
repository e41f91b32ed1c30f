import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { BoundAuthority } from '#rbac';
import { describeOnEachDatabase, type OpenTestDatabase } from '../support/databases.ts';
import { ADMIN, ALL, heldBy, openRbac, type RbacUnderTest } from './open-rbac.ts';

const REFUSED = { code: 'exceeds_own_rights' };

/** Administers everything by name, and holds little of the fleet's own permissions. */
const CLERKS = ['roles:write', 'permissions:write', 'clients:write', 'users:write', 'orders:read'];

/** Roles reader (orders:read), writer (orders:read, orders:write) and empty. */
async function openShop(open: OpenTestDatabase): Promise<RbacUnderTest & { CLERK: BoundAuthority }> {
  const room = await openRbac(open);
  const { rbac } = room;
  await rbac.ensureBuiltIns();
  for (const name of ['orders:read', 'orders:write']) await rbac.permissions.create(ADMIN, { name });
  for (const name of ['reader', 'writer', 'empty']) await rbac.roles.create(ADMIN, { name });
  for (const name of ['reader', 'writer']) await rbac.grantPermission(ADMIN, name, 'orders:read');
  await rbac.grantPermission(ADMIN, 'writer', 'orders:write');
  return { ...room, CLERK: await room.actorHolding(...CLERKS) };
}

describeOnEachDatabase('escalation', (open) => {
  it('a role that carries more than one holds cannot be given, taken, changed or deleted', async () => {
    const { rbac, storage, createClient, createUser, events, CLERK } = await openShop(open);
    const [client, user] = [await createClient(), await createUser()];
    await rbac.grantRoleToClient(ADMIN, client, 'empty');
    const before = (await events()).length;
    for (const role of ['writer', 'admin']) {
      await assert.rejects(rbac.grantRoleToClient(CLERK, client, role), REFUSED);
      await assert.rejects(rbac.grantRoleToUser(CLERK, user, role), REFUSED);
      await assert.rejects(rbac.roles.update(CLERK, role, { description: 'mine' }), REFUSED);
      await assert.rejects(rbac.roles.delete(CLERK, role, { force: true }), REFUSED);
      await assert.rejects(rbac.grantPermission(CLERK, role, 'orders:read'), REFUSED);
      await assert.rejects(rbac.revokePermission(CLERK, role, 'orders:read'), REFUSED);
    }
    assert.equal((await events()).length, before);
    assert.deepEqual(await heldBy(storage, 'writer'), ['orders:read', 'orders:write']);
  });

  it('a permission one does not hold cannot be put into a role, nor made, renamed or deleted', async () => {
    const { rbac, CLERK } = await openShop(open);
    await assert.rejects(rbac.grantPermission(CLERK, 'empty', 'orders:write'), REFUSED);
    await assert.rejects(rbac.grantPermission(CLERK, 'empty', 'role:admin_manage'), REFUSED);
    await assert.rejects(rbac.permissions.create(CLERK, { name: 'orders:delete' }), REFUSED);
    await assert.rejects(rbac.permissions.update(CLERK, 'orders:write', { name: 'orders:see' }), REFUSED);
    await assert.rejects(rbac.permissions.delete(CLERK, 'orders:write', { force: true }), REFUSED);
  });

  it('a permission one holds cannot be renamed into a stronger one', async () => {
    const { rbac, CLERK } = await openShop(open);
    await assert.rejects(rbac.permissions.update(CLERK, 'orders:read', { name: 'orders:delete' }), REFUSED);
    await rbac.permissions.update(CLERK, 'orders:read', { description: 'See orders.' });
    const renamed = await rbac.permissions.update(ADMIN, 'orders:read', { name: 'orders:view' });
    assert.equal(renamed.name, 'orders:view');
  });

  it('what carries no more than one holds can be handed on', async () => {
    const { rbac, storage, createClient, createUser, CLERK } = await openShop(open);
    const [client, user] = [await createClient(), await createUser()];
    await rbac.grantRoleToClient(CLERK, client, 'reader');
    await rbac.grantRoleToUser(CLERK, user, 'reader');
    await rbac.grantPermission(CLERK, 'empty', 'orders:read');
    assert.deepEqual(await heldBy(storage, 'empty'), ['orders:read']);
    await rbac.revokeRoleFromClient(CLERK, client, 'reader');
    await rbac.roles.delete(CLERK, 'reader', { force: true });
    assert.equal((await rbac.userRoles(user, ALL)).count, 0);
  });

  it('a principal that holds more than one does cannot be touched, not even to take the lesser part', async () => {
    const { rbac, createClient, createUser, CLERK } = await openShop(open);
    const [client, user] = [await createClient(), await createUser()];
    for (const role of ['reader', 'writer']) {
      await rbac.grantRoleToClient(ADMIN, client, role);
      await rbac.grantRoleToUser(ADMIN, user, role);
    }
    await assert.rejects(rbac.revokeRoleFromClient(CLERK, client, 'reader'), REFUSED);
    await assert.rejects(rbac.revokeRoleFromUser(CLERK, user, 'reader'), REFUSED);
    await assert.rejects(rbac.grantRoleToUser(CLERK, user, 'empty'), REFUSED);
  });

  it('somebody deactivated carries what comes back with them', async () => {
    const { rbac, storage, clock, createUser, CLERK } = await openShop(open);
    const user = await createUser();
    await rbac.grantRoleToUser(ADMIN, user, 'writer');
    await storage.profiles.update(user, { isActive: false, updatedAt: clock.now() });
    await assert.rejects(rbac.grantRoleToUser(CLERK, user, 'reader'), REFUSED);
  });

  it('names of built-ins do not change, and the admin role stays what it is', async () => {
    const { rbac } = await openShop(open);
    const builtIn = { code: 'built_in' };
    await assert.rejects(rbac.roles.update(ADMIN, 'service', { name: 'servant' }), builtIn);
    await assert.rejects(rbac.permissions.update(ADMIN, 'users:read', { name: 'users:look' }), builtIn);
    await assert.rejects(rbac.roles.delete(ADMIN, 'admin', { force: true }), builtIn);
    await assert.rejects(rbac.permissions.delete(ADMIN, 'role:admin_manage', { force: true }), builtIn);
    await assert.rejects(rbac.revokePermission(ADMIN, 'admin', 'role:admin_manage'), builtIn);
    const described = await rbac.roles.update(ADMIN, 'service', { description: 'Machines of ours.' });
    assert.equal(described.description, 'Machines of ours.');
  });

  it('the last administrator keeps the role, also when two give it back at once', async () => {
    const { rbacOver, openAnother, clock, createUser } = await openShop(open);
    const storage = await openAnother({ accountsAreOurs: false });
    const [rbac, other] = [rbacOver(storage), rbacOver(await openAnother({ accountsAreOurs: false }))];
    const admins = [await createUser('a@example.com'), await createUser('b@example.com')];
    for (const admin of admins) await rbac.grantRoleToUser(ADMIN, admin, 'admin');
    const [first = '', second = ''] = admins;
    const outcomes = await Promise.allSettled([
      rbac.revokeRoleFromUser(ADMIN, first, 'admin'),
      other.revokeRoleFromUser(ADMIN, second, 'admin'),
    ]);
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.deepEqual(
      refusals.map(({ reason }) => reason.code),
      ['last_administrator'],
    );
    assert.equal(await storage.userRoles.isHeld('admin', clock.now()), true);
  });

  it('by force nothing is taken from who holds more than one does', async () => {
    const { rbac, storage, actorHolding, createClient, createUser } = await openShop(open);
    const clerk = await actorHolding('roles:write', 'permissions:write', 'orders:read', 'audit:read');
    const [client, user] = [await createClient(), await createUser()];
    for (const role of ['reader', 'admin']) await rbac.grantRoleToClient(ADMIN, client, role);
    for (const role of ['empty', 'writer']) await rbac.grantRoleToUser(ADMIN, user, role);
    for (const role of ['reader', 'empty']) {
      await assert.rejects(rbac.roles.delete(clerk, role, { force: true }), REFUSED, role);
    }
    for (const permission of ['orders:read', 'audit:read']) {
      await assert.rejects(rbac.permissions.delete(clerk, permission, { force: true }), REFUSED, permission);
    }
    assert.ok((await heldBy(storage, 'admin')).includes('audit:read'));
    assert.equal((await rbac.userRoles(user, ALL)).count, 2);
  });

  it('what is built in is given up by who stands for everything alone', async () => {
    const { rbac, actorHolding } = await openShop(open);
    const clerk = await actorHolding('roles:write', 'permissions:write', 'audit:read');
    for (const role of ['service', 'user']) await assert.rejects(rbac.roles.delete(clerk, role), REFUSED);
    await rbac.revokePermission(ADMIN, 'admin', 'audit:read');
    await assert.rejects(rbac.permissions.delete(clerk, 'audit:read', { force: true }), REFUSED);
    await rbac.roles.delete(ADMIN, 'service');
  });

  it('who has lost a right since they were let in acts without it', async () => {
    const { rbac, storage, clock, actorHolding, createClient, createUser } = await openShop(open);
    const boss = { ...(await actorHolding('role:admin_manage')), needs: 'clients:write' };
    const client = await createClient();
    await rbac.grantRoleToClient(boss, client, 'writer');
    const [held] = (await rbac.clientRoles(boss.id, ALL)).items;
    await rbac.revokeRoleFromClient(ADMIN, boss.id, held?.name ?? '');
    const gone = { code: 'insufficient_permission' };
    await assert.rejects(rbac.grantRoleToClient(boss, client, 'admin'), gone);
    await assert.rejects(
      rbac.grantRoleToClient({ ...boss, needs: undefined } as never, client, 'admin'),
      REFUSED,
    );
    const person = await createUser();
    await rbac.grantRoleToUser(ADMIN, person, 'admin');
    const by = { type: 'user', id: person, permissions: ['role:admin_manage'] } as const;
    await rbac.grantRoleToClient(by, client, 'admin');
    await storage.profiles.update(person, { isActive: false, updatedAt: clock.now() });
    await assert.rejects(rbac.revokeRoleFromClient(by, client, 'admin'), REFUSED);
  });
});
