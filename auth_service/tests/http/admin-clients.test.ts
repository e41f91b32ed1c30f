import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildAdminApp } from './support/admin-app.ts';

const WORKER = { client_name: 'Orders worker', assigned_roles: ['service'], description: 'Moves orders' };

const SYSTEM = { type: 'system', id: null } as const;

describeOnEachDatabase('clients over HTTP', (open) => {
  it('are made with a secret that is shown once, and get a token with it', async () => {
    await using app = await buildAdminApp(await open());
    const made = await app.admin('POST /clients', { body: WORKER });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.headers['cache-control'], 'no-store');
    const { client_id, client_secret, ...rest } = made.body;
    assert.match(client_secret, /^pas_[\w-]{43}$/);
    assert.deepEqual(
      [rest.client_name, rest.assigned_roles, rest.is_active],
      ['Orders worker', ['service'], true],
    );
    const shown = await app.admin(`GET /clients/${client_id}`);
    assert.deepEqual(shown.body, { client_id, ...rest });
    assert.equal(shown.headers.etag, made.headers.etag);
    const basic = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
    assert.ok(await app.tokenOf(basic));
    const { clients, count } = (await app.admin('GET /clients?q=moves')).body;
    assert.deepEqual([clients.length, count, clients[0].assigned_roles], [1, 1, ['service']]);
    assert.doesNotMatch(app.logText(), new RegExp(client_secret));
  });

  it('are changed by PUT and PATCH alike: what is left out stays, roles are the whole', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const { client_id } = (await app.admin('POST /clients', { body: WORKER })).body;
    await app.admin('POST /roles', { body: { name: 'orders-reader' } });
    database.clock.advance(1);
    for (const verb of ['PUT', 'PATCH'] as const) {
      const description = `by ${verb}`;
      const { status, body } = await app.admin(`${verb} /clients/${client_id}`, { body: { description } });
      assert.deepEqual([status, body.description, body.client_name], [200, description, 'Orders worker']);
      assert.deepEqual(body.assigned_roles, ['service']);
    }
    const rate = { rate_limit: '600/minute' };
    const body = { assigned_roles: ['orders-reader'], token_lifetime_seconds: 60, is_active: false, ...rate };
    const changed = (await app.admin(`PATCH /clients/${client_id}`, { body })).body;
    assert.deepEqual([changed.assigned_roles, changed.token_lifetime_seconds], [['orders-reader'], 60]);
    assert.equal(changed.rate_limit, '600/minute');
    const actions = (await app.admin(`GET /audit?subject=${client_id}`)).body.items.map(
      (event: { action: string; detail: { fields?: string[] } }) => [
        event.action,
        event.detail.fields?.join(),
      ],
    );
    assert.ok(actions.some(([action]: string[]) => action === 'role.removed'));
    assert.ok(
      actions.some(([, fields]: string[]) => fields === 'isActive,tokenLifetimeSeconds,rateLimit'),
      actions.join(),
    );
    const unknown = await app.admin(`PATCH /clients/${client_id}`, { body: { assigned_roles: ['nope'] } });
    assert.deepEqual([unknown.status, unknown.body.errors[0].field], [422, 'assigned_roles']);
  });

  it('that are switched off get no token and open nothing; switched on, they need a new token', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('roles:read');
    const set = (is_active: boolean) => app.admin(`PATCH /clients/${client.id}`, { body: { is_active } });
    assert.equal((await set(false)).status, 200);
    await assert.rejects(app.tokenOf(client.basic), /invalid_client/);
    database.clock.advance(1);
    assert.equal((await app.admin('GET /roles', { token: client.token })).status, 401);
    await set(true);
    database.clock.advance(1);
    assert.equal((await app.admin('GET /roles', { token: client.token })).status, 401);
    const token = await app.tokenOf(client.basic);
    assert.equal((await app.admin('GET /roles', { token })).status, 200);
  });

  it('switched on again, or made anew with their id, bring back no token of the meantime', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const client = await app.clientHolding('roles:read');
    const ask = async (token: string) => (await app.admin('GET /roles', { token })).status;
    const sql = (active: boolean) =>
      `update auth_service_data.app_clients set is_active = ${active} where id = '${client.id}'`;
    await app.admin(`PATCH /clients/${client.id}`, { body: { is_active: false } });
    // A process that has not heard yet issues one more.
    database.clock.advance(2);
    await database.query(sql(true));
    const late = await app.tokenOf(client.basic);
    await database.query(sql(false));
    database.clock.advance(2);
    await app.admin(`PATCH /clients/${client.id}`, { body: { is_active: true } });
    assert.equal(await ask(late), 401);
    assert.equal(await ask(await app.tokenOf(client.basic)), 200, 'in the same second');
    const before = await app.tokenOf(client.basic);
    await app.oauth.clients.delete(SYSTEM, client.id);
    database.clock.advance(2);
    await app.oauth.clients.create(SYSTEM, { id: client.id, name: 'The same id' });
    assert.equal(await ask(before), 401);
  });

  it('are changed only by who has seen what is there', async () => {
    await using app = await buildAdminApp(await open());
    const made = await app.admin('POST /clients', { body: WORKER });
    const path = `PATCH /clients/${made.body.client_id}` as const;
    const headers = { 'if-match': String(made.headers.etag) };
    const answers = await Promise.all(
      ['One', 'Two', 'Three'].map((description) => app.admin(path, { body: { description }, headers })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412]);
    await app.admin(`POST /clients/${made.body.client_id}/roles`, { body: { role: 'user' } });
    const again = answers.find(({ status }) => status === 200)?.headers.etag;
    const late = await app.admin(path, {
      body: { description: 'x' },
      headers: { 'if-match': String(again) },
    });
    assert.equal(late.status, 412);
  });

  it('say what is wrong with them, field by field, and never a 500', async () => {
    await using app = await buildAdminApp(await open());
    const cases: [Record<string, unknown>, string][] = [
      [{}, 'client_name'],
      [{ client_name: 'ab' }, 'client_name'],
      [{ client_name: 'x'.repeat(101) }, 'client_name'],
      [{ client_name: 'right\u202eleft' }, 'client_name'],
      [{ client_name: 'line\nbreak' }, 'client_name'],
      [{ client_name: 'half \ud800' }, 'client_name'],
      [{ ...WORKER, description: 'x'.repeat(501) }, 'description'],
      [{ ...WORKER, allowed_callback_urls: ['javascript:alert(1)'] }, 'allowed_callback_urls.0'],
      [{ ...WORKER, allowed_callback_urls: 'https://a.example' }, 'allowed_callback_urls'],
      [{ ...WORKER, token_endpoint_auth_method: 'none' }, 'token_endpoint_auth_method'],
      [{ ...WORKER, token_endpoint_auth_method: 'private_key_jwt' }, 'token_endpoint_auth_method'],
      [{ ...WORKER, token_lifetime_seconds: 86_401 }, 'token_lifetime_seconds'],
      [{ ...WORKER, token_lifetime_seconds: '60' }, 'token_lifetime_seconds'],
      [{ ...WORKER, rate_limit: 'many' }, 'rate_limit'],
      [{ ...WORKER, rate_limit: 5 }, 'rate_limit'],
      [{ ...WORKER, jwks_uri: 'http://keys.example.com' }, 'jwks_uri'],
      [{ ...WORKER, jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'jwks.keys.0'],
      [{ ...WORKER, client_secret: 'mine' }, 'client_secret'],
      [{ ...WORKER, is_active: 'yes' }, 'is_active'],
    ];
    for (const [body, field] of cases) {
      const answer = await app.admin('POST /clients', { body });
      assert.equal(answer.status, 422, JSON.stringify(body).slice(0, 100));
      const fields = answer.body.errors.map((fault: { field: string }) => fault.field);
      assert.ok(
        fields.some((name: string) => name.startsWith(field.replace('.keys.0', ''))),
        `${field}: ${fields}`,
      );
    }
    const huge = await app.admin('POST /clients', {
      body: { ...WORKER, description: 'x'.repeat(10_000_000) },
    });
    assert.equal(huge.status, 413);
    for (const id of ['nobody', crypto.randomUUID(), '%00', 'a'.repeat(100)]) {
      assert.equal((await app.admin(`GET /clients/${id}`)).status, 404, id);
    }
  });
});

describeOnEachDatabase('a client that administers clients', (open) => {
  it('cannot touch one that holds more than it does, in any way', async () => {
    await using app = await buildAdminApp(await open());
    const clerk = await app.clientHolding('clients:write', 'clients:read', 'orders:read');
    const boss = await app.clientHolding('role:admin_manage');
    const secret = (await app.admin(`GET /clients/${boss.id}/secrets`)).body.items[0];
    const by = { token: clerk.token };
    for (const [on, body] of [
      [`POST /clients/${boss.id}/secrets`, {}],
      [`DELETE /clients/${boss.id}/secrets/${secret.id}?force=true`],
      [`PATCH /clients/${boss.id}`, { client_name: 'Renamed' }],
      [`PUT /clients/${boss.id}`, { is_active: false }],
      [`PATCH /clients/${boss.id}`, { jwks_uri: 'https://keys.example.com/mine' }],
      [`PATCH /clients/${boss.id}`, { assigned_roles: [] }],
      [`PATCH /clients/${boss.id}`, {}],
      [`DELETE /clients/${boss.id}`],
      [`POST /clients/${boss.id}/roles`, { role: 'service' }],
    ] as const) {
      const answer = await app.admin(on, { ...by, ...(body === undefined ? {} : { body }) });
      assert.deepEqual([answer.status, answer.body.code], [403, 'exceeds_own_rights'], on);
    }
    assert.ok(await app.tokenOf(boss.basic));
    const shown = await app.admin(`GET /clients/${boss.id}`, by);
    assert.deepEqual([shown.status, shown.body.client_name, shown.body.is_active], [200, 'Worker', true]);
  });

  it('cannot make one, or itself, that holds more than it does', async () => {
    await using app = await buildAdminApp(await open());
    const clerk = await app.clientHolding('clients:write', 'clients:read', 'orders:read');
    const by = { token: clerk.token };
    const refused = async (on: Parameters<typeof app.admin>[0], body: unknown) => {
      const answer = await app.admin(on, { ...by, body });
      assert.deepEqual([answer.status, answer.body.code], [403, 'exceeds_own_rights'], on);
    };
    await refused('POST /clients', { client_name: 'Mine', assigned_roles: ['admin'] });
    await refused(`POST /clients/${clerk.id}/roles`, { role: 'admin' });
    await refused(`PATCH /clients/${clerk.id}`, { assigned_roles: ['admin'] });
    const { count } = (await app.admin('GET /clients?q=Mine', by)).body;
    assert.equal(count, 0);
    await app.admin('POST /roles', { body: { name: 'reader' } });
    await app.admin('POST /roles/reader/permissions', { body: { permission: 'orders:read' } });
    const body = { client_name: 'Mine', assigned_roles: ['reader'] };
    const made = await app.admin('POST /clients', { ...by, body });
    assert.deepEqual([made.status, made.body.permissions], [201, ['orders:read']]);
    assert.equal((await app.admin(`POST /clients/${clerk.id}/secrets`, { ...by, body: {} })).status, 201);
  });

  it('with a narrowed token hands on no more than that', async () => {
    await using app = await buildAdminApp(await open());
    const clerk = await app.clientHolding('clients:write', 'orders:read', 'role:admin_manage');
    const token = await app.tokenOf(clerk.basic, { scope: 'clients:write' });
    const body = { client_name: 'Mine', assigned_roles: ['admin'] };
    assert.equal((await app.admin('POST /clients', { token, body })).status, 403);
    assert.equal((await app.admin(`POST /clients/${clerk.id}/secrets`, { token, body: {} })).status, 403);
  });
});
