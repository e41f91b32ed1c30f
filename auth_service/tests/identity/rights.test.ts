import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeToken } from '#keys';
import { DEVICE, newPerson, type SignedIn } from './conformance/under-test.ts';
import { describeIdentity } from './describe-identity.ts';

const ADMIN = { type: 'system', id: null } as const;

describeIdentity('what a person may do', ({ identity, database }) => {
  const grant = async (userId: string, roleName: string) => {
    const { storage } = identity();
    const role = await storage.roles.findByName(roleName);
    assert.ok(role !== null);
    await storage.userRoles.add({ userId, roleId: role.id, assignedAt: new Date(0) });
  };

  const createRole = async (name: string, ...permissions: string[]) => {
    const { rbac } = identity();
    await rbac.roles.create(ADMIN, { name });
    for (const permission of permissions) {
      await rbac.permissions.create(ADMIN, { name: permission }).catch(() => undefined);
      await rbac.grantPermission(ADMIN, name, permission);
    }
  };

  const verified = async ({ session }: Pick<SignedIn, 'session'>) => {
    const { roles, permissions } = await identity().people.verify(session.access_token);
    return { roles, permissions };
  };

  const claimed = (accessToken: string) => {
    const metadata = decodeToken(accessToken)?.claims.app_metadata as Record<string, unknown>;
    return { roles: metadata.roles, permissions: metadata.permissions };
  };

  it('is what was granted, known at once to the route and with the next refresh to the token', async () => {
    const { people, storage } = identity();
    await createRole('reader', 'orders:read', 'invoices:read');
    await createRole('auditor', 'orders:read', 'audit:all');
    const person = await newPerson(identity());
    await grant(person.userId, 'reader');
    await grant(person.userId, 'auditor');
    const held = {
      roles: ['auditor', 'reader', 'user'],
      permissions: ['audit:all', 'invoices:read', 'orders:read'],
    };
    assert.deepEqual(await verified(person), held);
    assert.deepEqual(claimed(person.session.access_token), { roles: ['user'], permissions: [] });
    const next = await people.refresh(person.session.refresh_token);
    assert.deepEqual(claimed(next.access_token), held);
    const roles = (await storage.userRoles.list(person.userId)).filter(({ name }) => name !== 'user');
    for (const { roleId } of roles) await storage.userRoles.remove(person.userId, roleId);
    assert.deepEqual(await verified({ session: next }), { roles: ['user'], permissions: [] });
  });

  it('is never what stands in the metadata of the account, whoever wrote it there', async () => {
    const { people } = identity();
    const person = await newPerson(identity());
    const foreign = JSON.stringify({
      provider: 'email',
      roles: ['admin'],
      permissions: ['role:admin_manage'],
      plan: 'gold',
    });
    await database().query(
      'update auth_service_identity.users set app_metadata = $1, user_metadata = $1 where id = $2',
      [foreign, person.userId],
    );
    const nothing = { roles: ['user'], permissions: [] };
    const session = await people.login(person, DEVICE);
    const { user } = session;
    assert.deepEqual(await verified({ session }), nothing);
    for (const token of [session.access_token, (await people.refresh(session.refresh_token)).access_token]) {
      assert.deepEqual(claimed(token), nothing);
    }
    assert.deepEqual(user.app_metadata, { provider: 'email', plan: 'gold', ...nothing });
  });

  it('is the default role without a profile, and nothing with an inactive one', async () => {
    const { storage, people, rbac } = identity();
    await rbac.permissions.create(ADMIN, { name: 'catalogue:read' });
    await rbac.grantPermission(ADMIN, 'user', 'catalogue:read');
    const person = await newPerson(identity());
    assert.deepEqual(await verified(person), { roles: ['user'], permissions: ['catalogue:read'] });
    await grant(person.userId, 'admin');
    await storage.profiles.update(person.userId, { isActive: false, updatedAt: new Date(0) });
    const inactive = await storage.accounts.findPerson(person.userId);
    assert.deepEqual([inactive?.roles, inactive?.permissions], [[], []]);
    // Born elsewhere, or so it looks now: the roles went with the profile.
    await storage.profiles.delete(person.userId);
    assert.deepEqual(await verified(person), { roles: ['user'], permissions: ['catalogue:read'] });
    const { access_token } = await people.login(person, DEVICE);
    assert.deepEqual(claimed(access_token), { roles: ['user'], permissions: ['catalogue:read'] });
    await rbac.revokePermission(ADMIN, 'user', 'catalogue:read');
  });

  it('is nothing when the default role was removed, with a profile and without', async () => {
    const { storage, rbac } = identity();
    const before = await newPerson(identity());
    await rbac.roles.delete(ADMIN, 'user', { force: true });
    const after = await newPerson(identity());
    const born = await newPerson(identity());
    await storage.profiles.delete(born.userId);
    for (const person of [before, after, born]) {
      assert.deepEqual(await verified(person), { roles: [], permissions: [] });
    }
    await rbac.ensureBuiltIns();
    assert.equal(await storage.roles.findByName('user'), null, 'what was removed stays removed');
  });
});
