import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildAdminApp } from './support/admin-app.ts';

const EMPTY_ROLE = { name: 'orders-reader', description: 'May read orders' };

describeOnEachDatabase('roles and permissions over HTTP', (open) => {
  it('are made, shown, changed and deleted; the answer is the thing as it is', async () => {
    await using app = await buildAdminApp(await open());
    const made = await app.admin('POST /roles', { body: EMPTY_ROLE });
    assert.equal(made.status, 201);
    assert.deepEqual(Object.keys(made.body), ['id', 'name', 'description', 'created_at', 'updated_at']);
    const { id } = made.body;
    assert.deepEqual((await app.admin(`GET /roles/${id}`)).body, made.body);
    assert.deepEqual((await app.admin('GET /roles/orders-reader')).body, made.body);
    app.database.clock.advance(5);
    const changed = await app.admin(`PUT /roles/${id}`, { body: { name: 'orders-viewer' } });
    assert.deepEqual([changed.status, changed.body.name], [200, 'orders-viewer']);
    assert.equal(changed.body.description, EMPTY_ROLE.description);
    assert.ok(changed.body.updated_at > made.body.updated_at);
    const emptied = await app.admin(`PUT /roles/${id}`, { body: { description: null } });
    assert.equal(emptied.body.description, null);
    const gone = await app.admin(`DELETE /roles/${id}`);
    assert.deepEqual([gone.status, gone.body], [200, { message: 'Deleted role orders-viewer.' }]);
    assert.equal((await app.admin(`GET /roles/${id}`)).status, 404);
    assert.equal((await app.admin(`PUT /roles/${id}`, { body: {} })).status, 404);
    assert.equal((await app.admin(`DELETE /roles/${id}`)).status, 404);
  });

  it('permissions are given to roles by id or by name, once, and taken away', async () => {
    await using app = await buildAdminApp(await open());
    const role = (await app.admin('POST /roles', { body: EMPTY_ROLE })).body;
    const [read, write] = await Promise.all(
      ['orders:read', 'orders:write'].map(
        async (name) => (await app.admin('POST /permissions', { body: { name } })).body,
      ),
    );
    const path = `/roles/${role.id}/permissions` as const;
    const first = await app.admin(`POST ${path}`, { body: { permission_id: read.id } });
    assert.equal(first.status, 201);
    const { assigned_at, ...link } = first.body;
    assert.deepEqual(link, { role_id: role.id, permission_id: read.id, permission: 'orders:read' });
    assert.match(assigned_at, /^2030-01-15T12:00/);
    assert.equal((await app.admin(`POST ${path}`, { body: { permission: 'orders:write' } })).status, 201);
    const again = await app.admin(`POST ${path}`, { body: { permission: 'orders:write' } });
    assert.deepEqual([again.status, again.body.code], [409, 'already_exists']);
    const { items, count } = (await app.admin(`GET ${path}`)).body;
    assert.deepEqual(
      [items.map(({ permission }: { permission: string }) => permission), count],
      [['orders:read', 'orders:write'], 2],
    );
    assert.equal((await app.admin(`DELETE ${path}/${write.id}`)).status, 200);
    assert.equal((await app.admin(`DELETE ${path}/orders:write`)).status, 404);
    for (const body of [
      {},
      { permission: 'a:b', permission_id: read.id },
      { role: 'x' },
      { permission: 7 },
    ]) {
      assert.equal((await app.admin(`POST ${path}`, { body })).status, 422, JSON.stringify(body));
    }
    for (const body of [{ permission: 'no:such' }, { permission_id: 'x' }, { permission: '' }]) {
      assert.equal((await app.admin(`POST ${path}`, { body })).status, 404, JSON.stringify(body));
    }
  });

  it('in use are kept, saying where, unless forced', async () => {
    await using app = await buildAdminApp(await open());
    const person = await app.personHolding('orders:read');
    const held = (await app.admin(`GET /users/${person.id}/roles`)).body.items;
    const { role_id } = held.find(({ role }: { role: string }) => role !== 'user');
    const role = await app.admin(`DELETE /roles/${role_id}`);
    assert.deepEqual([role.status, role.body.code], [409, 'in_use']);
    assert.match(role.body.detail, /It is held by one user\./);
    const permission = await app.admin('DELETE /permissions/orders:read?force=false');
    assert.match(permission.body.detail, /The role holds it: r/);
    assert.equal((await app.admin('DELETE /permissions/orders:read?force=perhaps')).status, 422);
    assert.equal((await app.admin('DELETE /permissions/orders:read?forse=true')).status, 422);
    assert.equal((await app.admin('DELETE /permissions/orders:read?force=true')).status, 200);
    assert.equal((await app.admin(`DELETE /roles/${role_id}?force=true`)).status, 200);
  });

  it('that are built in stay: 409', async () => {
    await using app = await buildAdminApp(await open());
    for (const [on, body] of [
      ['DELETE /roles/admin?force=true'],
      ['DELETE /permissions/role:admin_manage?force=true'],
      ['DELETE /roles/admin/permissions/role:admin_manage'],
      ['PUT /roles/user', { name: 'users' }],
      ['PUT /permissions/audit:read', { name: 'audit:look' }],
    ] as const) {
      const answer = await app.admin(on, { body });
      assert.deepEqual([answer.status, answer.body.code], [409, 'built_in'], on);
    }
  });

  it('take names that cannot be mistaken, and nothing else', async () => {
    await using app = await buildAdminApp(await open());
    const names = [
      'Admin',
      'ａdmin',
      'аdmin',
      'admin ',
      ' admin',
      'ad\u200bmin',
      'admin\u202e',
      'a\0',
      '',
      'ADMİN',
    ];
    for (const name of [...names, 'x'.repeat(65), 'role/../admin', "a'; drop table roles; --", 7, null]) {
      const answer = await app.admin('POST /roles', { body: { name } });
      assert.equal(answer.status, 422, JSON.stringify(name));
      assert.equal(answer.body.errors[0].field, 'name');
    }
    for (const name of [
      'orders',
      'orders:',
      ':read',
      'orders:read:all',
      'orders:*',
      '*:*',
      'Orders:read',
      'оrders:read',
    ]) {
      assert.equal((await app.admin('POST /permissions', { body: { name } })).status, 422, name);
    }
    const taken = await app.admin('POST /roles', { body: { name: 'admin' } });
    assert.deepEqual([taken.status, taken.body.code], [409, 'already_exists']);
    const long = await app.admin('POST /roles', { body: { name: 'long', description: 'x'.repeat(501) } });
    assert.deepEqual([long.status, long.body.errors[0].field], [422, 'description']);
    const huge = await app.admin('POST /roles', {
      body: { name: 'huge', description: 'x'.repeat(10_000_000) },
    });
    assert.equal(huge.status, 413);
    const unknown = await app.admin('POST /roles', { body: { name: 'fine', permissions: ['a:b'] } });
    assert.deepEqual([unknown.status, unknown.body.errors[0].field], [422, 'permissions']);
  });

  it('are changed only by who has seen what is there', async () => {
    await using app = await buildAdminApp(await open());
    const made = await app.admin('POST /roles', { body: EMPTY_ROLE });
    const path = `PUT /roles/${made.body.id}` as const;
    const seen = String(made.headers.etag);
    assert.match(seen, /^"[\w-]{22}"$/);
    assert.equal((await app.admin(`GET /roles/${made.body.id}`)).headers.etag, seen);
    const change = (description: string, match: string) =>
      app.admin(path, { body: { description }, headers: { 'if-match': match } });
    const first = await change('First', seen);
    assert.equal(first.status, 200);
    const second = await change('Second', seen);
    assert.deepEqual([second.status, second.body.code], [412, 'precondition_failed']);
    assert.equal((await change('Third', `"other", ${String(first.headers.etag)}`)).status, 200);
    assert.equal((await change('Fourth', '*')).status, 200);
    const now = (await app.admin(`GET /roles/${made.body.id}`)).headers.etag;
    assert.equal((await change('Weak', `W/${String(now)}`)).status, 412);
    assert.equal((await change('Nonsense', 'nonsense')).status, 400);
  });

  it('of two administrators who saw the same, one changes it', async () => {
    await using app = await buildAdminApp(await open());
    const made = await app.admin('POST /roles', { body: EMPTY_ROLE });
    const headers = { 'if-match': String(made.headers.etag) };
    const answers = await Promise.all(
      ['One', 'Two', 'Three'].map((description) =>
        app.admin(`PUT /roles/${made.body.id}`, { body: { description }, headers }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412]);
  });
});
