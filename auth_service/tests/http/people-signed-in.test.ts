import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { UserSession } from '#identity';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADA, buildPeopleApp, claimsOf, PASSWORD, type PeopleApp } from './support/people-app.ts';

const NEW_PASSWORD = 'a better horse battery';
const NO_SUCH_SESSION = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a13';

const sessionIdOf = ({ access_token }: UserSession) => String(claimsOf(access_token).session_id);

/** What each session's access token is worth now. */
async function statusesOf(app: PeopleApp, sessions: readonly UserSession[]): Promise<number[]> {
  const answers = sessions.map(({ access_token }) => app.ask('GET /me', { token: access_token }));
  return (await Promise.all(answers)).map(({ statusCode }) => statusCode);
}

describeOnEachDatabase('a person who is signed in', (open) => {
  it('sees and changes their names; what is left out stays, and null empties it', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database);
    const { access_token: token, user } = await app.signUp(ADA, { username: 'ada', first_name: 'Ada' });
    const profile = {
      user_id: user.id,
      email: ADA,
      username: 'ada',
      first_name: 'Ada',
      last_name: null,
      is_active: true,
      roles: ['user'],
      permissions: [],
      created_at: '2030-01-15T12:00:00.000Z',
      updated_at: '2030-01-15T12:00:00.000Z',
    };
    const shown = await app.ask('GET /me', { token });
    assert.deepEqual([shown.statusCode, shown.headers['cache-control']], [200, 'no-store']);
    assert.deepEqual(shown.json(), profile);

    database.clock.advance(60);
    const later = { ...profile, updated_at: '2030-01-15T12:01:00.000Z' };
    const put = await app.ask('PUT /me', { token, body: { last_name: ' Lovelace ', username: 'countess' } });
    assert.deepEqual([put.statusCode, put.headers['cache-control']], [200, 'no-store']);
    assert.deepEqual(put.json(), { ...later, username: 'countess', last_name: 'Lovelace' });
    const patch = await app.ask('PATCH /me', { token, body: { last_name: null, first_name: '' } });
    assert.deepEqual([patch.statusCode, patch.headers['cache-control']], [200, 'no-store']);
    assert.deepEqual(patch.json(), { ...later, username: 'countess', first_name: null });
    assert.deepEqual((await app.ask('GET /me', { token })).json(), patch.json());
  });

  it('cannot take the username of another', async () => {
    await using app = await buildPeopleApp(await open());
    await app.signUp('grace@example.com', { username: 'grace' });
    const { access_token: token } = await app.signUp();
    for (const on of ['PUT /me', 'PATCH /me'] as const) {
      const answer = await app.ask(on, { token, body: { username: 'GRACE' } });
      assert.deepEqual([answer.statusCode, answer.json().code], [409, 'username_taken']);
    }
  });

  it('sees the roles and permissions of this moment, whatever the token says', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token, user } = await app.signUp();
    const { storage } = app.database;
    const admin = await storage.roles.findByName('admin');
    assert.ok(admin !== null);
    await storage.userRoles.add({ userId: user.id, roleId: admin.id, assignedAt: new Date() });
    const { roles, permissions } = (await app.ask('GET /me', { token })).json();
    assert.deepEqual(roles, ['admin', 'user']);
    assert.ok(permissions.includes('role:admin_manage'));
  });

  it('sees their devices, newest first, and no other person’s', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database);
    await app.signUp('grace@example.com');
    const first = await app.signUp();
    database.clock.advance(60);
    const login = await app.ask('POST /login', {
      body: { email: ADA, password: PASSWORD },
      headers: { 'user-agent': `lynx ${'x'.repeat(600)}` },
      ip: '2001:db8::7',
    });
    const second: UserSession = login.json();
    database.clock.advance(60);
    await app.ask('POST /token/refresh', { body: { refresh_token: first.refresh_token } });
    const answer = await app.ask('GET /me/sessions', { token: second.access_token });
    assert.deepEqual([answer.statusCode, answer.headers['cache-control']], [200, 'no-store']);
    assert.deepEqual(answer.json(), {
      items: [
        {
          id: sessionIdOf(second),
          created_at: '2030-01-15T12:01:00.000Z',
          last_seen_at: '2030-01-15T12:01:00.000Z',
          ip: '2001:db8::7',
          user_agent: `lynx ${'x'.repeat(495)}`,
          aal: 'aal1',
          current: true,
        },
        {
          id: sessionIdOf(first),
          created_at: '2030-01-15T12:00:00.000Z',
          last_seen_at: '2030-01-15T12:02:00.000Z',
          ip: '127.0.0.1',
          user_agent: 'lightMyRequest',
          aal: 'aal1',
          current: false,
        },
      ],
      count: 2,
    });
  });

  it('ends one session, and its tokens with it at once', async () => {
    await using app = await buildPeopleApp(await open());
    const sessions = [await app.signUp(), await app.logIn(), await app.logIn()];
    const [first, second, third] = sessions as [UserSession, UserSession, UserSession];
    const token = first.access_token;
    const ended = await app.ask(`DELETE /me/sessions/${sessionIdOf(second)}`, { token });
    assert.equal(ended.statusCode, 200, ended.body);
    assert.deepEqual(ended.json(), { message: 'The session has ended.' });
    assert.deepEqual(await statusesOf(app, sessions), [200, 401, 200]);
    const body = { refresh_token: second.refresh_token };
    assert.equal((await app.ask('POST /token/refresh', { body })).json().code, 'refresh_token_not_found');
    assert.equal((await app.ask(`DELETE /me/sessions/${sessionIdOf(third)}`, { token })).statusCode, 200);
    assert.equal((await app.ask(`DELETE /me/sessions/${sessionIdOf(first)}`, { token })).statusCode, 200);
    assert.deepEqual(await statusesOf(app, sessions), [401, 401, 401]);
  });

  it('finds no session that is not theirs, is over, or can be none', async () => {
    await using app = await buildPeopleApp(await open());
    const other = await app.signUp('grace@example.com');
    const { access_token: token } = await app.signUp();
    const over = await app.logIn();
    await app.ask('POST /logout', { token: over.access_token });
    const nowhere = ['x', '%00', "'", '-', 'null', '..%2fx', 'x'.repeat(128), `${NO_SUCH_SESSION}0`];
    for (const id of [sessionIdOf(other), sessionIdOf(over), NO_SUCH_SESSION, ...nowhere]) {
      const answer = await app.ask(`DELETE /me/sessions/${id}`, { token });
      assert.deepEqual([answer.statusCode, answer.json().code], [404, 'not_found'], id);
    }
    assert.deepEqual(await statusesOf(app, [other]), [200]);
  });

  for (const { scope, body, left } of [
    { scope: 'none', body: undefined, left: [401, 200, 200] },
    { scope: 'an empty object', body: {}, left: [401, 200, 200] },
    { scope: 'local', body: { scope: 'local' }, left: [401, 200, 200] },
    { scope: 'others', body: { scope: 'others' }, left: [200, 401, 401] },
    { scope: 'global', body: { scope: 'global' }, left: [401, 401, 401] },
  ]) {
    it(`logs out with ${scope} as scope, and the ended sessions’ tokens stop at once`, async () => {
      await using app = await buildPeopleApp(await open());
      const grace = await app.signUp('grace@example.com');
      const sessions = [await app.signUp(), await app.logIn(), await app.logIn()];
      const answer = await app.ask('POST /logout', {
        token: sessions[0]?.access_token ?? '',
        ...(body === undefined ? {} : { body }),
      });
      assert.equal(answer.statusCode, 200, answer.body);
      assert.deepEqual(answer.json(), { message: 'Logged out.' });
      assert.deepEqual(await statusesOf(app, sessions), left);
      const refreshed = await Promise.all(
        sessions.map(({ refresh_token }) => app.ask('POST /token/refresh', { body: { refresh_token } })),
      );
      assert.deepEqual(
        refreshed.map(({ statusCode }) => statusCode),
        left,
      );
      assert.deepEqual(await statusesOf(app, [grace]), [200]);
    });
  }

  it('logs out with nothing but a content type', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const answer = await app.ask('POST /logout', { token, type: 'application/json', payload: '' });
    assert.equal(answer.statusCode, 200, answer.body);
  });

  for (const on of ['PUT /password/update', 'POST /password/update'] as const) {
    it(`changes the password by ${on} with the current one, which ends the other sessions`, async () => {
      await using app = await buildPeopleApp(await open());
      const sessions = [await app.signUp(), await app.logIn()];
      const answer = await app.ask(on, {
        token: sessions[0]?.access_token ?? '',
        body: { new_password: NEW_PASSWORD, current_password: PASSWORD },
      });
      assert.equal(answer.statusCode, 200, answer.body);
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.deepEqual(answer.json(), { message: 'The password was changed. Other sessions have ended.' });
      assert.deepEqual(await statusesOf(app, sessions), [200, 401]);
      const old = await app.ask('POST /login', { body: { email: ADA, password: PASSWORD } });
      assert.equal(old.statusCode, 401);
      await app.logIn(ADA, NEW_PASSWORD);
    });
  }

  it('changes nothing without proof: a stolen access token is not enough', async () => {
    await using app = await buildPeopleApp(await open());
    const sessions = [await app.signUp(), await app.logIn()];
    const token = sessions[0]?.access_token ?? '';
    const codeOf = async (body: Record<string, unknown>) => {
      const answer = await app.ask('PUT /password/update', { token, body });
      return [answer.statusCode, answer.json().code];
    };
    const weak = { new_password: 'password1', current_password: PASSWORD };
    assert.deepEqual(await codeOf({ new_password: NEW_PASSWORD }), [401, 'reauthentication_needed']);
    assert.deepEqual(await codeOf({ new_password: NEW_PASSWORD, current_password: '' }), [
      401,
      'current_password_invalid',
    ]);
    assert.deepEqual(await codeOf({ new_password: NEW_PASSWORD, current_password: NEW_PASSWORD }), [
      401,
      'current_password_invalid',
    ]);
    assert.deepEqual(await codeOf(weak), [422, 'weak_password']);
    assert.deepEqual(await codeOf({ new_password: PASSWORD, current_password: PASSWORD }), [
      422,
      'same_password',
    ]);
    assert.deepEqual(await statusesOf(app, sessions), [200, 200]);
    await app.logIn();
  });

  it('leaves with a fresh login alone, and nothing of them stays', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database);
    const first = await app.signUp(ADA, { username: 'ada' });
    database.clock.advance(601);
    const stale = await app.ask('DELETE /me', { token: first.access_token });
    assert.deepEqual([stale.statusCode, stale.json().code], [401, 'reauthentication_needed']);
    const refreshed = await app.ask('POST /token/refresh', { body: { refresh_token: first.refresh_token } });
    assert.equal((await app.ask('DELETE /me', { token: refreshed.json().access_token })).statusCode, 401);
    const fresh = await app.logIn();
    const gone = await app.ask('DELETE /me', { token: fresh.access_token });
    assert.equal(gone.statusCode, 200, gone.body);
    assert.deepEqual(gone.json(), { message: 'The account was deleted.' });
    assert.deepEqual(await statusesOf(app, [first, fresh]), [401, 401]);
    const login = await app.ask('POST /login', { body: { email: ADA, password: PASSWORD } });
    assert.equal(login.json().code, 'invalid_credentials');
    const again = await app.signUp(ADA, { username: 'ada' });
    assert.notEqual(again.user.id, first.user.id);
    assert.deepEqual(await statusesOf(app, [first, fresh, again]), [401, 401, 200]);
  });
});
