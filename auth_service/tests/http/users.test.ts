import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildAdministeredApp, verdict } from './support/actors.ts';
import { ADA, PASSWORD } from './support/people-app.ts';

const NEW = 'new-horse-battery-staple';
const NOW = '2030-01-15T12:00:00.000Z';
const LATER = '2030-01-15T12:01:00.000Z';

describeOnEachDatabase('users, administered over HTTP', (open) => {
  it('are created with all that can be said of them', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const body = {
      ...{ email: ' Ada@Example.com ', password: NEW, username: 'ada', first_name: ' Ada ', last_name: null },
      ...{ email_confirmed: true, is_active: true, assigned_roles: ['service', 'service'] },
    };
    const made = await app.manage(admin, 'POST /users', { body });
    assert.equal(made.statusCode, 201, made.body);
    const { user_id, ...rest } = made.json();
    assert.deepEqual(rest, {
      ...{ email: ADA, username: 'ada', first_name: 'Ada', last_name: null, is_active: true },
      ...{ email_confirmed_at: NOW, banned_until: null, last_sign_in_at: null },
      ...{ roles: ['service', 'user'], created_at: NOW, updated_at: NOW },
    });
    assert.equal(made.headers['cache-control'], 'no-store');
    const shown = await app.manage(admin, `GET /users/${user_id}`);
    assert.deepEqual([shown.json(), shown.headers.etag], [made.json(), made.headers.etag]);
    const { user } = await app.logIn(ADA, NEW);
    assert.equal(user.id, user_id);
    assert.deepEqual(user.user_metadata, { username: 'ada', first_name: 'Ada', email_verified: true });
    assert.equal(
      (await app.ask('GET /me', { token: (await app.logIn(ADA, NEW)).access_token })).statusCode,
      200,
    );
  });

  it('are created with an e-mail alone: nobody can log in with a password then, until one is set', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const { user_id, roles } = (await app.manage(admin, 'POST /users', { body: { email: ADA } })).json();
    assert.deepEqual(roles, ['user']);
    for (const password of [PASSWORD, '', 'null']) {
      const answer = await app.ask('POST /login', { body: { email: ADA, password } });
      assert.equal(verdict(answer), '401 invalid_credentials');
    }
    await app.manage(admin, `PATCH /users/${user_id}`, { body: { password: NEW } });
    await app.logIn(ADA, NEW);
  });

  it('wait for their address to be confirmed where others do, unless it is said otherwise', async () => {
    await using app = await buildAdministeredApp(await open(), { people: { confirmsAutomatically: false } });
    const machine = await app.machine(['users:read', 'users:write']);
    const make = async (body: object) => (await app.manage(machine, 'POST /users', { body })).json();
    const waiting = await make({ email: ADA, password: NEW, username: 'ada' });
    assert.deepEqual([waiting.email_confirmed_at, waiting.username], [null, 'ada']);
    const logIn = async (email: string) =>
      verdict(await app.ask('POST /login', { body: { email, password: NEW } }));
    assert.equal(await logIn(ADA), '403 email_not_confirmed');
    const body = { email_confirmed: true };
    const confirmed = await app.manage(machine, `PATCH /users/${waiting.user_id}`, { body });
    assert.equal(confirmed.json().email_confirmed_at, '2030-01-15T12:00:00.000Z');
    assert.equal(await logIn(ADA), '200');
    await make({ email: 'grace@example.com', password: NEW, email_confirmed: true, is_active: false });
    assert.equal(await logIn('grace@example.com'), '401 invalid_credentials');
  });

  it('are found by e-mail and names, sorted and in pages, with one or two statements', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator('zoe@example.com');
    for (const [email, first_name] of [
      ['b@example.com', 'Bob'],
      ['a@example.com', 'Ann'],
    ] as const) {
      database.clock.advance(60);
      await app.manage(admin, 'POST /users', { body: { email, first_name } });
    }
    const list = async (query: string) => {
      database.statements.length = 0;
      const answer = await app.manage(admin, `GET /users${query}`);
      assert.equal(answer.statusCode, 200, answer.body);
      const { items, count } = answer.json();
      return [
        ...items.map(({ email }: { email: string }) => email[0]),
        count,
        database.statements.length - 1,
      ];
    };
    assert.deepEqual(await list(''), ['a', 'b', 'z', 3, 1]);
    assert.deepEqual(await list('?limit=2'), ['a', 'b', 3, 2]);
    assert.deepEqual(await list('?limit=2&offset=2'), ['z', 3, 1]);
    assert.deepEqual(await list('?offset=2147483647'), [3, 2]);
    assert.deepEqual(await list('?sort=email&limit=1'), ['a', 3, 2]);
    assert.deepEqual(await list('?sort=-email&limit=1'), ['z', 3, 2]);
    assert.deepEqual(await list('?sort=created_at'), ['z', 'b', 'a', 3, 1]);
    assert.deepEqual(await list('?q=BOB'), ['b', 1, 1]);
    assert.deepEqual(await list('?q=%25'), [0, 1]);
    assert.deepEqual(await list('?q=A'), ['a', 1, 1]);
    const [first] = (await app.manage(admin, 'GET /users')).json().items;
    assert.deepEqual(first.roles, ['user']);
  });

  it('change in what is named, and the change says so; what is no change is none', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const { id, token } = await app.person([], ADA);
    const change = async (body: object) => {
      const answer = await app.manage(admin, `PATCH /users/${id}`, { body });
      assert.equal(answer.statusCode, 200, answer.body);
      return answer.json();
    };
    const before = (await app.manage(admin, `GET /users/${id}`)).json();
    database.clock.advance(60);
    assert.deepEqual(await change({}), before);
    assert.deepEqual(await change({ email: 'ADA@example.com', first_name: '', is_active: true }), before);
    const after = await change({ email: 'Countess@Example.com', username: 'ada', last_name: 'Lovelace' });
    assert.deepEqual(after, {
      ...before,
      ...{ email: 'countess@example.com', username: 'ada', last_name: 'Lovelace', updated_at: LATER },
    });
    assert.equal((await app.ask('GET /me', { token })).json().email, 'countess@example.com');
    const { user } = await app.logIn('countess@example.com');
    assert.equal(user.identities[0]?.email, 'countess@example.com');
    const gone = await app.ask('POST /login', { body: { email: ADA, password: PASSWORD } });
    assert.equal(verdict(gone), '401 invalid_credentials');
    await app.audit.flush();
    const events = await database.storage.auditEvents.list({
      subjectId: id,
      action: 'user.updated',
      limit: 9,
    });
    assert.deepEqual(
      events.map(({ actorId, detail }) => ({ actorId, detail })),
      [{ actorId: admin.id, detail: { fields: ['email', 'username', 'last_name'] } }],
    );
  });

  it('are told what they hold, and from which role, and where they are logged in', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const { id } = await app.person(['users:read'], ADA);
    database.clock.advance(60);
    await app.ask('POST /login', {
      body: { email: ADA, password: PASSWORD },
      headers: { 'user-agent': 'a browser' },
      ip: '2001:db8::7',
    });
    const permissions = (await app.manage(admin, `GET /users/${id}/permissions`)).json();
    assert.equal(permissions.count, 1);
    assert.match(JSON.stringify(permissions.items), /^\[\{"name":"users:read","roles":\["holds-\d+"\]\}\]$/);
    const sessions = (await app.manage(admin, `GET /users/${id}/sessions`)).json();
    assert.equal(sessions.count, 2);
    const { id: sessionId, ...newest } = sessions.items[0];
    assert.match(sessionId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(newest, {
      ...{ created_at: LATER, last_seen_at: LATER, ip: '2001:db8::7', user_agent: 'a browser', aal: 'aal1' },
    });
    await app.manage(admin, `PATCH /users/${id}`, { body: { is_active: false } });
    const none = { items: [], count: 0 };
    assert.deepEqual((await app.manage(admin, `GET /users/${id}/permissions`)).json(), none);
    assert.deepEqual((await app.manage(admin, `GET /users/${id}/sessions`)).json(), none);
    assert.equal((await app.manage(admin, `GET /users/${id}`)).json().roles.length, 2);
  });

  it('are not overwritten by who had not seen the last change; a log-in is no change', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const { id } = await app.person([], ADA);
    const seen = (await app.manage(admin, `GET /users/${id}`)).headers.etag as string;
    database.clock.advance(60);
    await app.logIn(ADA);
    const change = (first_name: string, tag: string) =>
      app.manage(admin, `PATCH /users/${id}`, { body: { first_name }, headers: { 'if-match': tag } });
    const first = await change('Ada', seen);
    assert.equal(first.statusCode, 200, first.body);
    assert.notEqual(first.headers.etag, seen);
    database.clock.advance(60);
    assert.equal(verdict(await change('Grace', seen)), '412 precondition_failed');
    assert.equal(verdict(await change('Grace', `W/${first.headers.etag}`)), '412 precondition_failed');
    assert.equal((await change('Grace', `"x", ${first.headers.etag}`)).statusCode, 200);
    assert.equal(verdict(await change('Ada', 'no tag')), '400 invalid_request');
    assert.equal((await change('Ada', '*')).statusCode, 200);
    const unseen: [string, object][] = [
      ['POST', {}],
      ['PATCH', { password: NEW }],
    ];
    for (const [method, body] of unseen) {
      const tag = (await app.manage(admin, `GET /users/${id}`)).headers.etag as string;
      database.clock.advance(60);
      await app.manage(admin, `${method} /users/${id}${method === 'POST' ? '/ban' : ''}`, { body });
      assert.equal(verdict(await change('Eve', tag)), '412 precondition_failed', method);
    }
  });
});
