import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildAdminApp } from './support/admin-app.ts';
import { claimsOf } from './support/people-app.ts';

const SYSTEM = { type: 'system', id: null } as const;

describeOnEachDatabase('rights on our own routes', (open) => {
  it('of a client are those of the database: a grant taken away is gone within a second, by any hand', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('roles:read');
    const ask = async () => (await app.admin('GET /roles', { token: client.token })).status;
    assert.equal(await ask(), 200);
    await database.query(`delete from auth_service_data.app_client_roles where client_id = '${client.id}'`);
    database.clock.advance(1);
    assert.equal(await ask(), 403);
  });

  it('of a client are those of the database: what it is given acts within a second and is in its next token', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('clients:read');
    const ask = async (token: string) => (await app.admin('GET /roles', { token })).status;
    assert.equal(await ask(client.token), 403);
    await app.rbac.roles.create(SYSTEM, { name: 'role-reader' });
    await app.rbac.grantPermission(SYSTEM, 'role-reader', 'roles:read');
    await app.rbac.grantRoleToClient(SYSTEM, client.id, 'role-reader');
    database.clock.advance(1);
    assert.equal(await ask(client.token), 200);
    const next = claimsOf(await app.tokenOf(client.basic));
    assert.deepEqual(next.permissions, ['clients:read', 'roles:read']);
  });

  it('of a token that was narrowed by scope are at most those it names', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('roles:read', 'clients:read', 'role:admin_manage');
    const token = await app.tokenOf(client.basic, { scope: 'clients:read' });
    assert.equal((await app.admin('GET /roles', { token })).status, 403);
    assert.equal((await app.admin(`GET /clients/${client.id}/roles`, { token })).status, 200);
    const whole = await app.tokenOf(client.basic, { scope: 'role:admin_manage' });
    assert.equal((await app.admin('GET /audit', { token: whole })).status, 200);
  });

  it('of a token that names nothing are none, whatever its client holds', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding();
    await app.rbac.roles.create(SYSTEM, { name: 'role-reader' });
    await app.rbac.grantPermission(SYSTEM, 'role-reader', 'roles:read');
    const { items } = (await app.admin(`GET /clients/${client.id}/roles`)).body;
    await app.rbac.revokeRoleFromClient(SYSTEM, client.id, items[0].role_id);
    const nothing = await app.tokenOf(client.basic);
    await app.rbac.grantRoleToClient(SYSTEM, client.id, 'role-reader');
    database.clock.advance(1);
    assert.equal((await app.admin('GET /roles', { token: nothing })).status, 403);
    assert.equal((await app.admin('GET /roles', { token: await app.tokenOf(client.basic) })).status, 200);
  });

  it('of a person are those of this moment, whatever the token says', async () => {
    await using app = await buildAdminApp(await open());
    const person = await app.personHolding();
    const ask = async () => (await app.admin('GET /roles', { token: person.token })).status;
    assert.equal(await ask(), 403);
    await app.rbac.roles.create(SYSTEM, { name: 'role-reader' });
    await app.rbac.grantPermission(SYSTEM, 'role-reader', 'roles:read');
    await app.rbac.grantRoleToUser(SYSTEM, person.id, 'role-reader');
    assert.equal(await ask(), 200);
    await app.rbac.revokePermission(SYSTEM, 'role-reader', 'roles:read');
    assert.equal(await ask(), 403);
  });

  it('of a client that is gone are none', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('roles:read');
    assert.equal((await app.admin('GET /roles', { token: client.token })).status, 200);
    await app.oauth.clients.delete(SYSTEM, client.id);
    database.clock.advance(1);
    const answer = await app.admin('GET /roles', { token: client.token });
    assert.deepEqual([answer.status, answer.body.code], [401, 'invalid_token']);
  });

  it('of a client cost one statement a second, and none but that while nothing changes', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('keys:read');
    const ask = () => app.admin('GET /keys', { token: client.token });
    await ask();
    database.statements.length = 0;
    await Promise.all(Array.from({ length: 20 }, ask));
    assert.deepEqual(database.statements, []);
    database.clock.advance(1);
    await Promise.all(Array.from({ length: 20 }, ask));
    assert.equal(database.statements.length, 1, database.statements.join('\n'));
  });

  it('are read anew by a crowd once, when they have changed', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('keys:read');
    const ask = () => app.admin('GET /keys', { token: client.token });
    await ask();
    await app.rbac.permissions.create(SYSTEM, { name: 'orders:read' });
    await app.rbac.permissions.delete(SYSTEM, 'orders:read');
    database.clock.advance(1);
    database.statements.length = 0;
    await Promise.all(Array.from({ length: 20 }, ask));
    assert.equal(database.statements.length, 2, database.statements.join('\n'));
  });
});
