import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { decodeToken, type TokenPolicy, verifyToken } from '#keys';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADA, buildPeopleApp, claimsOf, ISSUER, type PeopleApp, USERS } from './support/people-app.ts';
import { listen, sendRaw } from './support/raw-connection.ts';
import { postToken } from './support/token-requests.ts';

const PUBLIC_URL = 'https://auth.example.com';
const AUDIENCE = 'paservices_microservices';

/** Every route that wants a person. */
const ROUTES = [
  'POST /logout',
  'PUT /password/update',
  'POST /password/update',
  'GET /me',
  'HEAD /me',
  'PUT /me',
  'PATCH /me',
  'DELETE /me',
  'GET /me/sessions',
  'DELETE /me/sessions/0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a13',
] as const;

/** Refused by every route, and in one way. */
async function assertRefused(app: PeopleApp, token: string, told: string): Promise<void> {
  for (const on of ROUTES) {
    const answer = await app.ask(on, { token });
    assert.equal(answer.statusCode, 401, `${on}: ${told}`);
    assert.equal(
      answer.headers['www-authenticate'],
      'Bearer realm="PA Services Auth", error="invalid_token"',
      told,
    );
    if (!on.startsWith('HEAD')) assert.equal(answer.json().code, 'invalid_token');
  }
}

async function machineToken(app: PeopleApp, form = 'grant_type=client_credentials'): Promise<string> {
  const { basic } = await app.makeClient([], { allowedResources: [PUBLIC_URL, ISSUER] });
  const answer = await postToken(app, { authorization: basic, payload: form });
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json().access_token;
}

describeOnEachDatabase('a route for people', (open) => {
  it('says that it wants a token, and no more, to who presents none', async () => {
    await using app = await buildPeopleApp(await open());
    for (const on of ROUTES) {
      for (const authorization of [undefined, '', 'Basic YTpi', 'Bearerx', 'Token abc', 'DPoP abc']) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await app.ask(on, { headers });
        assert.equal(answer.statusCode, 401, `${on} ${authorization}`);
        assert.equal(answer.headers['www-authenticate'], 'Bearer realm="PA Services Auth"');
        if (!on.startsWith('HEAD')) assert.equal(answer.json().code, 'no_authorization');
      }
    }
  });

  it('reads the scheme in any case, with any number of spaces, and nothing else besides', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const statusOf = async (authorization: string) =>
      (await app.ask('GET /me', { headers: { authorization } })).statusCode;
    for (const good of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`]) {
      assert.equal(await statusOf(good), 200, good);
    }
    for (const bad of [
      'Bearer',
      'Bearer ',
      token,
      `Bearer\t${token}`,
      `Bearer: ${token}`,
      `Bearer "${token}"`,
      `Bearer ${token},`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token}=`,
      `Bearer =${token}`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token}\u00a0`,
      `Bearer ${'x'.repeat(17_000)}`,
      `Token ${token}`,
    ]) {
      assert.equal(await statusOf(bad), 401, bad);
    }
  });

  it('takes no token from the URL, the body or a cookie', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const query = await app.app.inject(`${USERS}/me?access_token=${token}&token=${token}`);
    assert.deepEqual([query.statusCode, query.json().code], [401, 'no_authorization']);
    const cookie = await app.ask('GET /me', {
      headers: { cookie: `access_token=${token}; sb-access-token=${token}` },
    });
    assert.equal(cookie.statusCode, 401);
    const form = `access_token=${token}`;
    const type = 'application/x-www-form-urlencoded';
    assert.equal((await app.ask('POST /logout', { payload: form, type })).statusCode, 401);
    const json = { access_token: token, scope: 'global' };
    assert.equal((await app.ask('POST /logout', { body: json })).statusCode, 401);
    assert.equal((await app.ask('GET /me', { token })).statusCode, 200);
  });

  it('takes no second Authorization header, whichever of them is right', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const { port } = await listen(app.app);
    const pairs = [
      [token, 'x'],
      ['x', token],
      [token, token],
    ];
    for (const [first, second] of pairs) {
      const lines = [`GET ${USERS}/me HTTP/1.1`, 'Host: a', 'Connection: close'];
      const headers = [`Authorization: Bearer ${first}`, `authorization: Bearer ${second}`];
      const answer = await sendRaw(port, `${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
      assert.deepEqual([answer.status, JSON.parse(answer.body).code], [401, 'invalid_token']);
    }
  });

  it('judges the token before it reads the body', async () => {
    await using app = await buildPeopleApp(await open());
    const payload = '{"broken';
    for (const on of ['POST /logout', 'PUT /me', 'PUT /password/update'] as const) {
      assert.equal((await app.ask(on, { payload })).statusCode, 401);
      assert.equal((await app.ask(on, { payload, token: 'x' })).statusCode, 401);
    }
  });

  for (const algorithm of ['ES256', 'HS256'] as const) {
    it(`takes no token of a machine (${algorithm}), also not one that is meant for this service`, async () => {
      await using app = await buildPeopleApp(await open(), { algorithm });
      const grant = 'grant_type=client_credentials';
      await assertRefused(app, await machineToken(app), 'plain');
      for (const resource of [PUBLIC_URL, ISSUER]) {
        const token = await machineToken(app, `${grant}&resource=${encodeURIComponent(resource)}`);
        assert.deepEqual([claimsOf(token).aud].flat(), [resource]);
        await assertRefused(app, token, resource);
      }
    });
  }

  it('takes no token that another ring signed, or that is not quite a session’s', async () => {
    await using app = await buildPeopleApp(await open());
    const grace = await app.signUp('grace@example.com');
    const { access_token: token } = await app.signUp();
    const claims = claimsOf(token);
    const { ring } = app.people;
    assert.equal((await app.ask('GET /me', { token: ring.signToken(claims, 'JWT') })).statusCode, 200);
    const forged: Record<string, string> = {
      'the machines’ ring, the people’s issuer': app.ring.signToken(claims, 'JWT'),
      'the people’s ring, the machines’ issuer': ring.signToken({ ...claims, iss: PUBLIC_URL }, 'JWT'),
      'the people’s ring, no issuer': ring.signToken({ ...claims, iss: undefined }, 'JWT'),
      'issuers in an array': ring.signToken({ ...claims, iss: [ISSUER] }, 'JWT'),
      'another audience': ring.signToken({ ...claims, aud: AUDIENCE }, 'JWT'),
      'the type of machines': ring.signToken(claims, 'at+jwt'),
      'another role': ring.signToken({ ...claims, role: 'service_role' }, 'JWT'),
      'anonymous, by role': ring.signToken({ ...claims, role: 'anon' }, 'JWT'),
      'no session': ring.signToken({ ...claims, session_id: undefined }, 'JWT'),
      'a session that is none': ring.signToken({ ...claims, session_id: "' or true --" }, 'JWT'),
      'another person’s session': ring.signToken(
        { ...claims, session_id: claimsOf(grace.access_token).session_id },
        'JWT',
      ),
      'another person': ring.signToken({ ...claims, sub: grace.user.id }, 'JWT'),
      'a person that is none': ring.signToken({ ...claims, sub: 'admin' }, 'JWT'),
      'no person': ring.signToken({ ...claims, sub: undefined }, 'JWT'),
      expired: ring.signToken({ ...claims, exp: Number(claims.exp) - 3606 }, 'JWT'),
      'no expiry': ring.signToken({ ...claims, exp: undefined }, 'JWT'),
      'alg none': `${[{ alg: 'none', typ: 'JWT' }, claims].map(encode).join('.')}.`,
      'a changed claim': withClaims(token, { ...claims, email: 'root@example.com' }),
      'no JWT at all': 'x.y.z',
    };
    for (const [told, text] of Object.entries(forged)) await assertRefused(app, text, told);
  });

  it('takes no token past its hour', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database);
    const { access_token: token } = await app.signUp();
    database.clock.advance(3604);
    assert.equal((await app.ask('GET /me', { token })).statusCode, 200);
    database.clock.advance(2);
    await assertRefused(app, token, 'expired');
  });

  it('takes no token of a person who is gone, banned or inactive, or of a session that ended', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database);
    const people = {
      gone: await app.signUp('gone@example.com'),
      banned: await app.signUp('banned@example.com'),
      inactive: await app.signUp('inactive@example.com'),
      ended: await app.signUp('ended@example.com'),
    };
    const updatedAt = database.clock.now();
    const { accounts, profiles, sessions } = database.storage;
    await accounts.delete(people.gone.user.id);
    const bannedUntil = new Date(updatedAt.getTime() + 60_000);
    await accounts.update(people.banned.user.id, { bannedUntil, updatedAt });
    await profiles.update(people.inactive.user.id, { isActive: false, updatedAt });
    await sessions.end(people.ended.user.id);
    for (const [told, { access_token, refresh_token }] of Object.entries(people)) {
      await assertRefused(app, access_token, told);
      const refreshed = await app.ask('POST /token/refresh', { body: { refresh_token } });
      assert.deepEqual([refreshed.statusCode, refreshed.json().code], [401, 'refresh_token_not_found'], told);
    }
    database.clock.advance(61);
    const banned = await app.ask('GET /me', { token: people.banned.access_token });
    assert.equal(banned.statusCode, 200);
    await profiles.update(people.inactive.user.id, { isActive: true, updatedAt });
    assert.equal((await app.ask('GET /me', { token: people.inactive.access_token })).statusCode, 200);
  });

  it('grants nothing for what a person says of themselves', async () => {
    await using app = await buildPeopleApp(await open());
    const { user } = await app.signUp();
    const metadata = {
      roles: ['admin'],
      permissions: ['role:admin_manage'],
      app_metadata: { roles: ['admin'] },
    };
    const updatedAt = app.database.clock.now();
    await app.database.storage.accounts.update(user.id, { userMetadata: metadata, updatedAt });
    const session = await app.logIn();
    assert.deepEqual(session.user.user_metadata, metadata);
    const { app_metadata } = claimsOf(session.access_token);
    assert.deepEqual(app_metadata, {
      provider: 'email',
      providers: ['email'],
      roles: ['user'],
      permissions: [],
    });
    const { roles, permissions } = (await app.ask('GET /me', { token: session.access_token })).json();
    assert.deepEqual([roles, permissions], [['user'], []]);
  });

  it('gives tokens that open nothing where machines are asked for', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const policy: TokenPolicy = {
      issuer: PUBLIC_URL,
      audience: AUDIENCE,
      typ: 'at+jwt',
      clockToleranceSeconds: 5,
      findKeys: (kid) => [app.ring.findKey(kid ?? '')].filter((key) => key !== null),
    };
    const now = app.database.clock.now();
    assert.equal(verifyToken(await machineToken(app), policy, now).iss, PUBLIC_URL);
    const refuses = (text: string, changes: Partial<TokenPolicy> = {}) =>
      assert.throws(
        () => verifyToken(text, { ...policy, ...changes }, now),
        (error) => isServiceError(error, 'invalid_token'),
      );
    refuses(token);
    // Not for any one reason alone: each of type, key, issuer and audience would do.
    const claims = claimsOf(token);
    const asMachine = { ...claims, iss: PUBLIC_URL, aud: AUDIENCE, token_type: 'm2m_access' };
    refuses(app.people.ring.signToken(asMachine, 'at+jwt'));
    refuses(app.ring.signToken({ ...asMachine, iss: ISSUER }, 'at+jwt'));
    refuses(app.ring.signToken({ ...asMachine, aud: 'authenticated' }, 'at+jwt'));
    refuses(app.ring.signToken(asMachine, 'JWT'));
    assert.ok(verifyToken(app.ring.signToken(asMachine, 'at+jwt'), policy, now));
  });

  it('gives tokens that are no client’s at the token endpoint', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const answer = await postToken(app, { authorization: `Bearer ${token}` });
    assert.deepEqual([answer.statusCode, answer.json().error], [401, 'invalid_client']);
    const login = await postToken(app, { payload: `grant_type=password&username=${ADA}&password=x` });
    assert.ok(login.statusCode >= 400 && login.statusCode < 500);
  });
});

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** With the signature of the claims that were there. */
function withClaims(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  assert.ok(decodeToken(token) !== null);
  return [header, encode(claims), signature].join('.');
}
