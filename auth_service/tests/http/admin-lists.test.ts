import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type AdminApp, buildAdminApp } from './support/admin-app.ts';

const SYSTEM = { type: 'system', id: null } as const;

async function withRoles(app: AdminApp, names: readonly string[]): Promise<void> {
  for (const name of names) await app.rbac.roles.create(SYSTEM, { name, description: `about ${name}` });
}

const namesIn = (body: { items: { name: string }[] }) => body.items.map(({ name }) => name);

describeOnEachDatabase('lists of administration', (open) => {
  it('have pages in a stable order, with the count of all', async () => {
    await using app = await buildAdminApp(await open());
    await withRoles(app, ['r1', 'r2', 'r3', 'r4', 'r5']);
    const first = (await app.admin('GET /roles?q=about&limit=2')).body;
    const second = (await app.admin('GET /roles?q=about&limit=2&offset=2')).body;
    const third = (await app.admin('GET /roles?q=about&limit=2&offset=4')).body;
    const beyond = (await app.admin('GET /roles?q=about&limit=2&offset=2147483647')).body;
    assert.deepEqual([first, second, third].map(namesIn), [['r1', 'r2'], ['r3', 'r4'], ['r5']]);
    assert.deepEqual([first.count, second.count, third.count, beyond.count], [5, 5, 5, 5]);
    assert.deepEqual(beyond.items, []);
    const descending = (await app.admin('GET /roles?q=about&sort=-name')).body;
    assert.deepEqual(namesIn(descending), ['r5', 'r4', 'r3', 'r2', 'r1']);
    const byAge = (await app.admin('GET /roles?q=about&sort=created_at')).body;
    assert.deepEqual(namesIn(byAge), namesIn((await app.admin('GET /roles?q=about&sort=created_at')).body));
  });

  it('take what is searched for as it stands: no wildcard, no pattern, no SQL', async () => {
    await using app = await buildAdminApp(await open());
    await withRoles(app, ['plain', 'under_score']);
    await app.rbac.roles.create(SYSTEM, { name: 'odd', description: '50% off \\ "quoted" (a|b)' });
    const found = async (q: string) =>
      namesIn((await app.admin(`GET /roles?q=${encodeURIComponent(q)}`)).body);
    assert.deepEqual(await found('_'), ['under_score']);
    assert.deepEqual(await found('%'), ['odd']);
    assert.deepEqual(await found('\\'), ['odd']);
    assert.deepEqual(await found('50% OFF'), ['odd']);
    assert.deepEqual(await found('(a|b)'), ['odd']);
    assert.deepEqual(await found("' or true --"), []);
    assert.deepEqual(await found('p.*n'), []);
  });

  it('refuse what they do not take, naming it', async () => {
    await using app = await buildAdminApp(await open());
    const cases: [string, string][] = [
      ['limit=0', 'limit'],
      ['limit=201', 'limit'],
      ['limit=-1', 'limit'],
      ['limit=1.5', 'limit'],
      ['limit=1e2', 'limit'],
      ['limit=', 'limit'],
      ['limit=ten', 'limit'],
      ['limit=10&limit=20', 'limit'],
      ['offset=-1', 'offset'],
      ['offset=2147483648', 'offset'],
      ['offset=99999999999999999999', 'offset'],
      ['sort=password', 'sort'],
      ['sort=name;drop', 'sort'],
      ['sort=--name', 'sort'],
      [`q=${'x'.repeat(201)}`, 'q'],
      ['q=%00', 'q'],
      ['q=a&q=b', 'q'],
      ['page=2', 'page'],
    ];
    for (const [query, field] of cases) {
      const { status, body } = await app.admin(`GET /roles?${query}`);
      assert.equal(status, 422, query);
      assert.deepEqual(
        body.errors.map((fault: { field: string }) => fault.field),
        [field],
        query,
      );
    }
  });

  it('cost one statement, or two where the page does not tell the count, whatever their length', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('role:admin_manage');
    const cost = async (path: `/${string}`) => {
      await app.admin(`GET ${path}`, { token: client.token });
      database.statements.length = 0;
      assert.equal((await app.admin(`GET ${path}`, { token: client.token })).status, 200);
      return database.statements.length;
    };
    const names = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    await withRoles(app, names.slice(0, 3));
    const lists = ['/roles', '/permissions', '/keys', '/audit', `/clients/${client.id}/roles`] as const;
    const short = await Promise.all([lists[0]].map(cost));
    assert.deepEqual(short, [1]);
    await withRoles(app, names.slice(3));
    assert.equal(await cost('/roles'), 2);
    assert.equal(await cost('/roles?offset=60'), 1);
    assert.equal(await cost('/permissions?limit=5'), 2);
    assert.equal(await cost('/keys'), 0);
    assert.equal(await cost('/audit'), 1);
    assert.equal(await cost(`/clients/${client.id}/roles`), 2);
    assert.equal(await cost('/roles/admin/permissions'), 2);
  });
});
