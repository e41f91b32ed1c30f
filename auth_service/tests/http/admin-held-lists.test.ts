import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { type AdminApp, buildAdminApp } from './support/admin-app.ts';

const SYSTEM = { type: 'system', id: null } as const;
const MANY = 60;

const numbered = (index: number) => String(index).padStart(2, '0');

describeOnEachDatabase('lists of what a role, a client or a user holds', (open) => {
  let database: TestDatabase;
  let app: AdminApp;
  let token: string;
  /** Path and the member that names what is held. */
  const lists: [path: string, named: string][] = [];

  before(async () => {
    database = await open();
    app = await buildAdminApp(database);
    const asking = await app.clientHolding('role:admin_manage');
    token = asking.token;
    const client = await app.clientHolding();
    const user = await app.personHolding();
    const { rbac } = app;
    await rbac.roles.create(SYSTEM, { name: 'holder' });
    for (let index = 0; index < MANY; index += 1) {
      const role = `role-${numbered(index)}`;
      const permission = `orders:verb_${numbered(index)}`;
      await rbac.roles.create(SYSTEM, { name: role });
      await rbac.permissions.create(SYSTEM, { name: permission });
      await rbac.grantPermission(SYSTEM, 'holder', permission);
      await rbac.grantRoleToClient(SYSTEM, client.id, role);
      await rbac.grantRoleToUser(SYSTEM, user.id, role);
    }
    lists.push(
      ['/roles/holder/permissions', 'permission'],
      [`/clients/${client.id}/roles`, 'role'],
      [`/users/${user.id}/roles`, 'role'],
    );
  });

  const ask = async (path: string) => await app.admin(`GET ${path as `/${string}`}`, { token });

  it('have pages by name, with the count of all', async () => {
    for (const [path, named] of lists) {
      const first = (await ask(path)).body;
      assert.equal(first.items.length, 50, path);
      assert.ok(first.count >= MANY, path);
      const names: string[] = [];
      for (let offset = 0; offset < first.count; offset += 25) {
        const { body } = await ask(`${path}?limit=25&offset=${offset}`);
        assert.equal(body.count, first.count, path);
        names.push(...body.items.map((item: Record<string, string>) => item[named] ?? ''));
      }
      assert.equal(names.length, first.count);
      assert.deepEqual(names, [...new Set(names)].sort(), path);
      const [item] = first.items;
      assert.match(item.assigned_at, /^2030-.*Z$/, path);
      assert.match(item[`${named}_id`], /^[0-9a-f-]{36}$/, path);
      const beyond = (await ask(`${path}?offset=2147483647`)).body;
      assert.deepEqual(beyond, { items: [], count: first.count }, path);
    }
  });

  it('are searched by name, which stands for itself', async () => {
    for (const [path, named] of lists) {
      const found = (await ask(`${path}?q=_07`)).body;
      const wanted = named === 'role' ? [] : ['orders:verb_07'];
      assert.deepEqual(
        found.items.map((item: Record<string, string>) => item[named]),
        wanted,
      );
      assert.equal(found.count, wanted.length);
      const { body } = await ask(`${path}?q=${named === 'role' ? 'ROLE-0' : 'Verb_0'}&limit=3`);
      assert.deepEqual([body.items.length, body.count], [3, 10], path);
      assert.deepEqual((await ask(`${path}?q=%25`)).body, { items: [], count: 0 });
    }
  });

  it('cost two statements, whatever their length', async () => {
    for (const [path] of lists) {
      for (const query of ['', '?limit=1', '?limit=200', '?offset=55', '?offset=500', '?q=1', '?q=nothing']) {
        await ask('/keys');
        database.statements.length = 0;
        assert.equal((await ask(path + query)).status, 200);
        assert.equal(database.statements.length, 2, `${path}${query}\n${database.statements.join('\n')}`);
      }
    }
  });

  it('refuse what they do not take, as every list does', async () => {
    const secrets = `${lists[1]?.[0].replace('/roles', '/secrets')}`;
    const searchable = lists.map(([path]) => path);
    for (const path of [...searchable, secrets, '/keys']) {
      for (const query of ['limit=0', 'limit=201', 'limit=x', 'offset=-1', 'offset=2147483648', 'page=2']) {
        const { status, body } = await ask(`${path}?${query}`);
        assert.equal(status, 422, `${path}?${query}`);
        assert.equal(body.errors[0].field, query.split('=')[0], `${path}?${query}`);
      }
    }
    for (const path of searchable) {
      assert.equal((await ask(`${path}?q=%00`)).status, 422);
      assert.equal((await ask(`${path}?sort=name`)).body.errors[0].field, 'sort');
    }
    for (const path of [secrets, '/keys']) {
      assert.equal((await ask(`${path}?q=x`)).body.errors[0].field, 'q');
    }
  });

  it('have pages of secrets and of keys as well', async () => {
    const made = (await app.admin('POST /clients', { body: { client_name: 'Rotating' } })).body;
    const path = `/clients/${made.client_id}/secrets`;
    const newer = (await app.admin(`POST ${path as `/${string}`}`, { body: {} })).body;
    const all = (await ask(path)).body;
    const second = (await ask(`${path}?limit=1&offset=1`)).body;
    assert.equal(all.items[0].id, newer.id);
    assert.deepEqual(second, { items: [all.items[1]], count: 2 });
    const keys = (await ask('/keys')).body;
    assert.deepEqual((await ask('/keys?limit=2&offset=1')).body, {
      items: keys.items.slice(1, 3),
      count: keys.count,
    });
    assert.deepEqual((await ask('/keys?offset=100')).body, { items: [], count: keys.count });
  });
});
