import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type Actor, type AdministeredApp, buildAdministeredApp, verdict } from './support/actors.ts';
import { ADA, PASSWORD } from './support/people-app.ts';

const NEW = 'new-horse-battery-staple';

/** What is left of a person's way in: their bearer, their refresh token, and their password. */
async function waysIn(app: AdministeredApp, { token, session, email }: Actor, password = PASSWORD) {
  const { refresh_token } = session;
  return [
    verdict(await app.ask('GET /me', { token })),
    verdict(await app.ask('POST /token/refresh', { body: { refresh_token } })),
    verdict(await app.ask('POST /login', { body: { email, password } })),
  ];
}

const OUT = ['401 invalid_token', '401 refresh_token_not_found'];

describeOnEachDatabase('the state of a user', (open) => {
  it('banned: out at once and everywhere, until the ban ends or is lifted', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const ada = await app.person([], ADA);
    const ban = async (body?: object) => {
      const answer = await app.manage(admin, `POST /users/${ada.id}/ban`, body === undefined ? {} : { body });
      assert.equal(answer.statusCode, 200, answer.body);
      return answer.json().banned_until;
    };
    assert.equal(await ban({ ban_duration: '10m30s' }), '2030-01-15T12:10:30.000Z');
    assert.deepEqual(await waysIn(app, ada), [...OUT, '401 invalid_credentials']);
    database.clock.advance(630);
    const again = await app.logIn(ADA);
    assert.equal((await app.ask('GET /me', { token: again.access_token })).statusCode, 200);
    assert.deepEqual((await waysIn(app, ada)).slice(0, 2), OUT, 'what has ended does not come back');
    assert.equal(await ban(), '2129-12-22T12:10:30.000Z', 'a hundred years of 365 days');
    assert.equal((await app.ask('GET /me', { token: again.access_token })).statusCode, 401);
    const lifted = await app.manage(admin, `POST /users/${ada.id}/unban`);
    assert.deepEqual([lifted.statusCode, lifted.json().banned_until], [200, null]);
    assert.equal(lifted.json().updated_at, '2030-01-15T12:10:30.000Z');
    await app.logIn(ADA);
    const twice = await app.manage(admin, `POST /users/${ada.id}/unban`);
    assert.equal(twice.json().updated_at, lifted.json().updated_at);
    await app.audit.flush();
    const events = await database.storage.auditEvents.list({ subjectId: ada.id, limit: 50 });
    const told = events.filter(({ actorId }) => actorId === admin.id).reverse();
    assert.deepEqual(
      told.map(({ action, detail }) => [action, detail]),
      [
        ['user.banned', { until: '2030-01-15T12:10:30.000Z', ended_sessions: 1 }],
        ['user.banned', { until: '2129-12-22T12:10:30.000Z', ended_sessions: 2 }],
        ['user.unbanned', {}],
      ],
    );
  });

  it('banned for what is no duration: not at all', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const ada = await app.person([], ADA);
    const wrong = [
      'none',
      '',
      '0',
      '0s',
      '-1h',
      '24',
      '1d',
      '1ms',
      '1h 30m',
      '2562048h',
      '9'.repeat(200),
      '１h',
      null,
      24,
    ];
    for (const ban_duration of wrong) {
      const answer = await app.manage(admin, `POST /users/${ada.id}/ban`, { body: { ban_duration } });
      assert.equal(verdict(answer), '422 validation_failed', `${ban_duration}`);
      assert.equal(answer.json().errors[0].field, 'ban_duration');
    }
    assert.deepEqual(await waysIn(app, ada), ['200', '200', '200']);
  });

  it('deactivated: out at once, and back with what they held', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const ada = await app.person(['users:read'], ADA);
    assert.equal((await app.manage(ada, 'GET /users')).statusCode, 200);
    const set = (is_active: boolean) => app.manage(admin, `PATCH /users/${ada.id}`, { body: { is_active } });
    assert.equal((await set(false)).json().is_active, false);
    assert.equal(verdict(await app.manage(ada, 'GET /users')), '401 invalid_token');
    assert.deepEqual(await waysIn(app, ada), [...OUT, '401 invalid_credentials']);
    assert.equal((await set(true)).json().is_active, true);
    assert.deepEqual((await waysIn(app, ada)).slice(0, 2), OUT, 'what has ended does not come back');
    const token = (await app.logIn(ADA)).access_token;
    assert.equal((await app.manage({ token }, 'GET /users')).statusCode, 200);
  });

  it('unconfirmed: out at once, and told so by their own password alone', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const ada = await app.person([], ADA);
    const body = { email_confirmed: false };
    const answer = await app.manage(admin, `PATCH /users/${ada.id}`, { body });
    assert.equal(answer.json().email_confirmed_at, null);
    assert.deepEqual(await waysIn(app, ada), [...OUT, '403 email_not_confirmed']);
    await app.manage(admin, `PATCH /users/${ada.id}`, { body: { email_confirmed: true } });
    await app.logIn(ADA);
  });

  it('with a new password: the old one and every session are worth nothing', async () => {
    await using app = await buildAdministeredApp(await open());
    const admin = await app.administrator();
    const ada = await app.person([], ADA);
    const set = (password: string, more: object = {}) =>
      app.manage(admin, `PATCH /users/${ada.id}`, { body: { password, ...more } });
    for (const weak of ['short', 'password123', ADA, 'ada', 'x'.repeat(129)]) {
      assert.equal(verdict(await set(weak)), '422 weak_password', weak);
    }
    const itself = { email: 'long-enough@example.com' };
    assert.equal(verdict(await set('long-enough@example.com', itself)), '422 weak_password');
    assert.deepEqual((await waysIn(app, ada)).slice(0, 1), ['200']);
    assert.equal((await set(NEW)).statusCode, 200);
    assert.deepEqual(await waysIn(app, ada), [...OUT, '401 invalid_credentials']);
    await app.logIn(ADA, NEW);
  });

  it('logged out: every session has ended, and a new one may begin', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const ada = await app.person([], ADA);
    const second = await app.logIn(ADA);
    const answer = await app.manage(admin, `POST /users/${ada.id}/logout`);
    assert.deepEqual(answer.json(), { message: '2 sessions have ended.' });
    assert.deepEqual(await waysIn(app, ada), [...OUT, '200']);
    assert.equal((await app.ask('GET /me', { token: second.access_token })).statusCode, 401);
    const events = await database.storage.auditEvents.list({ action: 'user.logged_out', limit: 5 });
    assert.deepEqual(
      events.map(({ actorId, subjectId, detail }) => [actorId, subjectId, Object.keys(detail)]),
      [[admin.id, ada.id, ['scope', 'sessions', 'ended_sessions']]],
    );
  });

  it('deleted: nothing is left of them, and another may have address and name', async () => {
    const database = await open();
    await using app = await buildAdministeredApp(database);
    const admin = await app.administrator();
    const ada = await app.person(['users:read'], ADA);
    await app.manage(admin, `PATCH /users/${ada.id}`, { body: { username: 'ada' } });
    const answer = await app.manage(admin, `DELETE /users/${ada.id}`);
    assert.deepEqual([answer.statusCode, answer.json()], [200, { message: 'The user was deleted.' }]);
    assert.deepEqual(await waysIn(app, ada), [...OUT, '401 invalid_credentials']);
    for (const table of ['auth_service_data.user_roles', 'auth_service_data.profiles']) {
      assert.deepEqual(await database.query(`select from ${table} where user_id = $1`, [ada.id]), []);
    }
    assert.equal(verdict(await app.manage(admin, `GET /users/${ada.id}`)), '404 not_found');
    assert.equal(verdict(await app.manage(admin, `DELETE /users/${ada.id}`)), '404 not_found');
    const body = { email: ADA, username: 'ada' };
    assert.equal((await app.manage(admin, 'POST /users', { body })).statusCode, 201);
  });
});
