import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import {
  ADA,
  buildPeopleApp,
  PASSWORD,
  type PeopleApp,
  type PersonRequest,
  USERS,
} from './support/people-app.ts';
import { asJsonFile, frozenPath } from './support/snapshots.ts';

type Refusal = readonly [on: Parameters<PeopleApp['ask']>[0], request?: PersonRequest];

describeOnEachDatabase('the routes of people refuse', (open) => {
  it('in their own words, for good', async (t: TestContext) => {
    const database = await open();
    await using app = await buildPeopleApp(database);
    await app.signUp('grace@example.com', { username: 'grace' });
    await app.signUp(ADA, { username: 'ada' });
    const used = await app.signUp('used@example.com');
    let { refresh_token } = used;
    for (let turn = 0; turn < 2; turn += 1) {
      refresh_token = (await app.ask('POST /token/refresh', { body: { refresh_token } })).json()
        .refresh_token;
    }
    const stale = await app.logIn();
    database.clock.advance(601);

    const frozen: Record<string, unknown> = {};
    for (const [name, [on, request]] of Object.entries(refusals(stale.access_token, used.refresh_token))) {
      const headers = { 'x-request-id': 'frozen', ...request?.headers };
      const answer = await app.ask(on, { ...request, headers });
      assert.ok(answer.statusCode >= 400 && answer.statusCode < 500, `${name}: ${answer.statusCode}`);
      assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', name);
      assert.equal(answer.headers['cache-control'], 'no-store', name);
      const challenge = answer.headers['www-authenticate'];
      assert.equal(challenge !== undefined, answer.statusCode === 401, name);
      const problem: object = answer.json();
      frozen[name] = { challenge, ...problem };
    }
    t.assert.fileSnapshot(frozen, frozenPath('people-refusals'), asJsonFile);
  });

  it('other methods, and say which they take', async () => {
    await using app = await buildPeopleApp(await open());
    const taken = {
      '/register': 'POST',
      '/login': 'POST',
      '/token/refresh': 'POST',
      '/logout': 'POST',
      '/password/update': 'POST, PUT',
      '/me': 'DELETE, GET, HEAD, PATCH, PUT',
      '/me/sessions': 'GET, HEAD',
      '/me/sessions/0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a13': 'DELETE',
    };
    for (const [path, allowed] of Object.entries(taken)) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
        if (allowed.split(', ').includes(method)) continue;
        const answer = await app.app.inject({ method, url: USERS + path });
        assert.equal(answer.statusCode, 405, `${method} ${path}`);
        assert.equal(answer.headers.allow, allowed);
        if (method !== 'HEAD') assert.equal(answer.json().code, 'method_not_allowed');
      }
    }
    const outside = await app.app.inject({ method: 'POST', url: '/auth/v1/.well-known/jwks.json' });
    assert.deepEqual([outside.statusCode, outside.headers.allow], [405, 'GET, HEAD']);
  });

  it('nobody who asks for the head alone, and send no body', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    for (const on of ['HEAD /me', 'HEAD /me/sessions'] as const) {
      const answer = await app.ask(on, { token });
      assert.deepEqual(
        [answer.statusCode, answer.body, answer.headers['cache-control']],
        [200, '', 'no-store'],
      );
      assert.equal((await app.ask(on)).statusCode, 401);
    }
  });
});

/** Every way to be refused, with what is sent. */
function refusals(token: string, usedRefreshToken: string): Record<string, Refusal> {
  const register = (body: Record<string, unknown>): Refusal => [
    'POST /register',
    { body: { email: 'new@example.com', password: PASSWORD, ...body } },
  ];
  const login = (email: string, password: string): Refusal => ['POST /login', { body: { email, password } }];
  const refresh = (refresh_token: string): Refusal => ['POST /token/refresh', { body: { refresh_token } }];
  const password = (new_password: string, current_password?: string): Refusal => [
    'PUT /password/update',
    { token, body: { new_password, current_password } },
  ];
  const me = (body: Record<string, unknown>): Refusal => ['PATCH /me', { token, body }];
  return {
    'register: an e-mail that is taken': register({ email: ADA }),
    'register: a username that is taken': register({ username: 'Grace' }),
    'register: an e-mail that is none': register({ email: 'ada' }),
    'register: an e-mail that is not ASCII': register({ email: 'adä@example.com' }),
    'register: an e-mail of 255 characters': register({ email: `${'a'.repeat(243)}@example.com` }),
    'register: an e-mail with NUL': register({ email: 'ada\0@example.com' }),
    'register: an e-mail with a line break': register({ email: 'ada@example.com\nbcc: a@b.c' }),
    'register: a short password': register({ password: 'short' }),
    'register: a password of 129 characters': register({ password: 'x'.repeat(129) }),
    'register: a common password': register({ password: 'password1' }),
    'register: the e-mail as password': register({ password: 'NEW@example.com' }),
    'register: a username of 51 characters': register({ username: 'x'.repeat(51) }),
    'register: a username that is an address': register({ username: ADA }),
    'register: names of 101 characters': register({
      first_name: 'x'.repeat(101),
      last_name: 'x'.repeat(101),
    }),
    'register: names with NUL and bidi marks': register({ first_name: 'a\0', last_name: 'a\u202eb' }),
    'register: half a letter': register({ username: 'a\ud800b', first_name: '\ud800' }),
    'login: an unknown e-mail': login('nobody@example.com', PASSWORD),
    'login: a wrong password': login(ADA, 'a wrong one'),
    'login: no password': login(ADA, ''),
    'login: a password with NUL behind it': login(ADA, `${PASSWORD}\0`),
    'login: an e-mail that is none': login('ada', PASSWORD),
    'login: an empty e-mail': login('', PASSWORD),
    'refresh: a token that is none': refresh('x'),
    'refresh: no token': refresh(''),
    'refresh: an access token': refresh(token),
    'refresh: a token of nobody': refresh('AAGX8AGX8AGX8AGX8AGX8AGX8AGX8AGX8AGX8AGX8AGX8AGX8A'),
    'refresh: a token used before the last': refresh(usedRefreshToken),
    'logout: no token': ['POST /logout'],
    'logout: an unknown scope': ['POST /logout', { token, body: { scope: 'everybody' } }],
    'password: no token': ['PUT /password/update', { body: { new_password: PASSWORD } }],
    'password: no proof': password('a better horse battery'),
    'password: a wrong proof': password('a better horse battery', 'a wrong one'),
    'password: a common one': password('password1', PASSWORD),
    'password: a short one': password('short', PASSWORD),
    'password: the e-mail': password(ADA, PASSWORD),
    'password: the same': password(PASSWORD, PASSWORD),
    'me: no token': ['GET /me'],
    'me: a token that is none': ['GET /me', { token: 'x' }],
    'me: another scheme': ['GET /me', { headers: { authorization: 'Basic YTpi' } }],
    'me: a username that is taken': me({ username: 'grace' }),
    'me: names that cannot be': me({ username: '-', first_name: 'x'.repeat(101), last_name: 'a\nb' }),
    'me: an e-mail': me({ email: 'other@example.com' }),
    'me: what only others may change': me({ is_active: true, roles: ['admin'], user_id: 'x' }),
    'me: deleting without a fresh login': ['DELETE /me', { token }],
    'sessions: no token': ['GET /me/sessions'],
    'sessions: one that can be none': ['DELETE /me/sessions/x', { token }],
    'an unknown path': ['POST /signup'],
  };
}
