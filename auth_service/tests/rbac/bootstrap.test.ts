import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BUILT_IN_PERMISSIONS, BUILT_IN_ROLES } from '#rbac';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN, ALL, heldBy, openRbac } from './open-rbac.ts';

const PERMISSIONS = BUILT_IN_PERMISSIONS.map(({ name }) => name).sort();
const ROLES = BUILT_IN_ROLES.map(({ name }) => name).sort();

describeOnEachDatabase('the built-ins', (open) => {
  it('are made at the first start, and the admin role holds every permission', async () => {
    const { rbac, storage, events } = await openRbac(open);
    await rbac.ensureBuiltIns();
    assert.deepEqual((await rbac.permissions.list(ALL)).items.map(({ name }) => name).sort(), PERMISSIONS);
    assert.deepEqual((await rbac.roles.list(ALL)).items.map(({ name }) => name).sort(), ROLES);
    assert.deepEqual((await heldBy(storage, 'admin')).sort(), PERMISSIONS);
    assert.deepEqual([await heldBy(storage, 'user'), await heldBy(storage, 'service')], [[], []]);
    const actions = (await events()).map(({ action }) => action);
    assert.equal(actions.filter((action) => action === 'permission.created').length, 14);
    assert.equal(actions.filter((action) => action === 'role.created').length, 3);
    assert.equal(actions.filter((action) => action === 'permission.granted').length, 14);
    assert.equal((await storage.auditEvents.list({ limit: 1 }))[0]?.actorType, 'system');
  });

  it('are made once by several processes starting at once', async () => {
    const { rbac, rbacOver, openAnother, events } = await openRbac(open);
    const others = await Promise.all([openAnother(), openAnother(), openAnother()]);
    await Promise.all([rbac, ...others.map(rbacOver)].map((one) => one.ensureBuiltIns()));
    assert.equal((await rbac.permissions.list(ALL)).count, 14);
    assert.equal((await events()).length, 31);
  });

  it('are left alone by the starts that follow', async () => {
    const { rbac, events, statements } = await openRbac(open);
    await rbac.ensureBuiltIns();
    const before = await rbac.roles.list(ALL);
    statements.length = 0;
    await rbac.ensureBuiltIns();
    assert.deepEqual(await rbac.roles.list(ALL), before);
    assert.equal((await events()).length, 31);
    const writes = statements.filter((sql) => /insert|update|delete/i.test(sql));
    assert.ok(writes.length <= 1, writes.join('\n'));
  });

  it('come all or none', async () => {
    const { rbac, rbacWithoutAudit, storage } = await openRbac(open);
    await assert.rejects(rbacWithoutAudit.ensureBuiltIns(), /no audit/);
    assert.deepEqual(await storage.bootstrapMarks.list(), []);
    assert.equal((await rbac.permissions.list(ALL)).count, 0);
    await rbac.ensureBuiltIns();
    assert.equal((await rbac.permissions.list(ALL)).count, 14);
  });

  it('that were removed stay removed', async () => {
    const { rbac, storage } = await openRbac(open);
    await rbac.ensureBuiltIns();
    await rbac.roles.delete(ADMIN, 'service');
    await rbac.permissions.delete(ADMIN, 'keys:write', { force: true });
    await rbac.revokePermission(ADMIN, 'admin', 'audit:read');
    await rbac.ensureBuiltIns();
    await assert.rejects(rbac.roles.find('service'), { code: 'not_found' });
    await assert.rejects(rbac.permissions.find('keys:write'), { code: 'not_found' });
    const gone = ['keys:write', 'audit:read'];
    assert.deepEqual(
      (await heldBy(storage, 'admin')).sort(),
      PERMISSIONS.filter((name) => !gone.includes(name)),
    );
  });

  it('that keep an installation governable cannot be removed, not by force either', async () => {
    const { rbac, events } = await openRbac(open);
    await rbac.ensureBuiltIns();
    const force = { force: true };
    await assert.rejects(rbac.roles.delete(ADMIN, 'admin', force), { code: 'built_in' });
    await assert.rejects(rbac.permissions.delete(ADMIN, 'role:admin_manage', force), { code: 'built_in' });
    await assert.rejects(rbac.revokePermission(ADMIN, 'admin', 'role:admin_manage'), { code: 'built_in' });
    assert.equal((await events()).length, 31);
  });

  it('that keep an installation governable come back after somebody deleted them in the database', async () => {
    const { rbac, storage, query } = await openRbac(open);
    await rbac.ensureBuiltIns();
    await rbac.permissions.delete(ADMIN, 'keys:read', { force: true });
    await query(`delete from auth_service_data.permissions where name = 'role:admin_manage'`);
    await rbac.ensureBuiltIns();
    assert.ok((await heldBy(storage, 'admin')).includes('role:admin_manage'));
    await query(`delete from auth_service_data.roles where name = 'admin'`);
    await rbac.ensureBuiltIns();
    assert.deepEqual(
      (await heldBy(storage, 'admin')).sort(),
      PERMISSIONS.filter((name) => name !== 'keys:read'),
    );
  });

  it('of a later version arrive, and take what is there already as it is', async () => {
    const { rbac, storage, query, events } = await openRbac(open);
    await rbac.ensureBuiltIns();
    await query(`delete from auth_service_data.permissions where name in ('tokens:revoke', 'clients:read')`);
    await query(`delete from auth_service_data.bootstrap_marks where name in
      ('permission:tokens:revoke', 'permission:clients:read', 'role:user')`);
    const own = await rbac.permissions.create(ADMIN, { name: 'clients:read', description: 'Ours' });
    const before = (await events()).length;
    await rbac.ensureBuiltIns();
    assert.deepEqual(await rbac.permissions.find('clients:read'), own);
    assert.deepEqual((await heldBy(storage, 'admin')).sort(), PERMISSIONS);
    assert.deepEqual(
      (await events()).slice(before).map(({ action, detail }) => [action, detail.name ?? detail.permission]),
      [
        ['permission.created', 'tokens:revoke'],
        ['permission.granted', 'clients:read'],
        ['permission.granted', 'tokens:revoke'],
      ],
    );
  });
});
