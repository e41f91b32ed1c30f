import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { UserSession } from '#identity';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildTestApp } from './support/build-test-app.ts';
import { ADA, buildPeopleApp, claimsOf, ISSUER, PASSWORD, USERS } from './support/people-app.ts';

const NOW = '2030-01-15T12:00:00.000Z';
const NOW_SECONDS = Date.parse(NOW) / 1000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** GoTrue's session, as it must look for a person who has just come. */
function sessionOf(session: UserSession, names: Record<string, string> = {}) {
  const { id, identities } = session.user;
  const metadata = { ...names, email_verified: true };
  return {
    access_token: session.access_token,
    token_type: 'bearer',
    expires_in: 3600,
    expires_at: NOW_SECONDS + 3600,
    refresh_token: session.refresh_token,
    user: {
      id,
      aud: 'authenticated',
      role: 'authenticated',
      email: ADA,
      email_confirmed_at: NOW,
      phone: '',
      confirmed_at: NOW,
      last_sign_in_at: NOW,
      app_metadata: { provider: 'email', providers: ['email'], roles: ['user'], permissions: [] },
      user_metadata: metadata,
      identities: [
        {
          identity_id: identities[0]?.identity_id,
          id,
          user_id: id,
          identity_data: { ...names, sub: id, email: ADA, email_verified: true, phone_verified: false },
          provider: 'email',
          last_sign_in_at: NOW,
          created_at: NOW,
          updated_at: NOW,
          email: ADA,
        },
      ],
      created_at: NOW,
      updated_at: NOW,
      is_anonymous: false,
    },
  };
}

describeOnEachDatabase('an account', (open) => {
  it('begins with a session and a profile', async () => {
    await using app = await buildPeopleApp(await open());
    const names = { username: 'ada', first_name: 'Ada', last_name: 'Lovelace' };
    const answer = await app.ask('POST /register', { body: { email: ADA, password: PASSWORD, ...names } });
    assert.equal(answer.statusCode, 201, answer.body);
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { message, session, profile, ...rest } = answer.json();
    assert.deepEqual(rest, {});
    assert.equal(message, 'Welcome.');
    assert.match(session.user.id, UUID);
    assert.deepEqual(session, sessionOf(session, names));
    assert.deepEqual(profile, {
      user_id: session.user.id,
      email: ADA,
      ...names,
      is_active: true,
      roles: ['user'],
      permissions: [],
      created_at: NOW,
      updated_at: NOW,
    });
  });

  it('begins without either where the e-mail must be confirmed, and cannot be used before', async () => {
    await using app = await buildPeopleApp(await open(), { people: { confirmsAutomatically: false } });
    const answer = await app.ask('POST /register', { body: { email: ADA, password: PASSWORD } });
    assert.equal(answer.statusCode, 201);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(answer.json(), {
      message: 'Look into your mail to confirm the address.',
      session: null,
      profile: null,
    });
    const login = await app.ask('POST /login', { body: { email: ADA, password: PASSWORD } });
    assert.deepEqual([login.statusCode, login.json().code], [403, 'email_not_confirmed']);
    const guess = await app.ask('POST /login', { body: { email: ADA, password: 'a wrong one' } });
    assert.deepEqual([guess.statusCode, guess.json().code], [401, 'invalid_credentials']);
  });

  it('is entered by its e-mail in any case, with spaces around it', async () => {
    await using app = await buildPeopleApp(await open());
    const { user } = await app.signUp();
    for (const email of [ADA, 'ADA@EXAMPLE.COM', '  Ada@Example.com ']) {
      const answer = await app.ask('POST /login', { body: { email, password: PASSWORD } });
      assert.equal(answer.statusCode, 200, answer.body);
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.deepEqual(answer.json(), sessionOf(answer.json()));
      assert.equal(answer.json().user.id, user.id);
    }
    const dotted = await app.ask('POST /login', { body: { email: 'a.da@example.com', password: PASSWORD } });
    assert.equal(dotted.json().code, 'invalid_credentials');
  });

  it('is told of in the access token, which the published keys verify', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token, user } = await app.signUp();
    const jwks = await app.app.inject('/auth/v1/.well-known/jwks.json');
    assert.equal(jwks.statusCode, 200);
    assert.equal(jwks.headers['cache-control'], 'public, max-age=60');
    const { payload, protectedHeader } = await jwtVerify(access_token, createLocalJWKSet(jwks.json()), {
      issuer: ISSUER,
      audience: 'authenticated',
      typ: 'JWT',
      currentDate: app.database.clock.now(),
    });
    const { session_id, ...claims } = payload;
    assert.match(String(session_id), UUID);
    assert.equal(protectedHeader.alg, 'ES256');
    assert.deepEqual(claims, {
      iss: ISSUER,
      sub: user.id,
      aud: 'authenticated',
      exp: NOW_SECONDS + 3600,
      iat: NOW_SECONDS,
      email: ADA,
      phone: '',
      app_metadata: { provider: 'email', providers: ['email'], roles: ['user'], permissions: [] },
      user_metadata: { email_verified: true },
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: NOW_SECONDS }],
      is_anonymous: false,
    });
  });

  it('has keys of its own, none of which is the machines’, and none of which is private', async () => {
    await using app = await buildPeopleApp(await open());
    const keysAt = async (url: string): Promise<Record<string, unknown>[]> =>
      (await app.app.inject(url)).json().keys;
    const people = await keysAt('/auth/v1/.well-known/jwks.json');
    const machines = await keysAt('/.well-known/jwks.json');
    assert.equal(people.length, 2);
    assert.equal(new Set([...people, ...machines].map(({ kid }) => kid)).size, 4);
    for (const key of people) {
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'key_ops', 'kid', 'kty', 'use', 'x', 'y']);
    }
  });

  it('is stayed in with refresh tokens, each good once', async () => {
    await using app = await buildPeopleApp(await open());
    const first = await app.signUp();
    app.database.clock.advance(1);
    const answer = await app.ask('POST /token/refresh', { body: { refresh_token: first.refresh_token } });
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const second: UserSession = answer.json();
    assert.deepEqual(second, {
      ...sessionOf(first),
      access_token: second.access_token,
      refresh_token: second.refresh_token,
      expires_at: NOW_SECONDS + 3601,
    });
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal(claimsOf(second.access_token).session_id, claimsOf(first.access_token).session_id);
    const third = await app.ask('POST /token/refresh', { body: { refresh_token: second.refresh_token } });
    assert.equal(third.statusCode, 200);
    app.database.clock.advance(11);
    const stolen = await app.ask('POST /token/refresh', { body: { refresh_token: first.refresh_token } });
    assert.deepEqual([stolen.statusCode, stolen.json().code], [401, 'refresh_token_already_used']);
    for (const token of [third.json().refresh_token, first.refresh_token]) {
      const ended = await app.ask('POST /token/refresh', { body: { refresh_token: token } });
      assert.deepEqual([ended.statusCode, ended.json().code], [401, 'refresh_token_not_found']);
    }
    const me = await app.ask('GET /me', { token: third.json().access_token });
    assert.equal(me.json().code, 'invalid_token');
  });

  it('is one person’s: the e-mail in any case, the username in any case and looked at first', async () => {
    await using app = await buildPeopleApp(await open());
    await app.signUp(ADA, { username: 'ada' });
    const codeOf = async (body: Record<string, string>) => {
      const answer = await app.ask('POST /register', { body: { password: PASSWORD, ...body } });
      assert.equal(answer.statusCode, 409);
      assert.equal(answer.headers['cache-control'], 'no-store');
      return answer.json().code;
    };
    assert.equal(await codeOf({ email: 'ADA@example.com' }), 'email_exists');
    assert.equal(await codeOf({ email: 'other@example.com', username: 'ADA' }), 'username_taken');
    assert.equal(await codeOf({ email: ADA, username: 'Ada' }), 'username_taken');
  });

  it('is made once by many who ask at once, and never with a 5xx', async () => {
    await using app = await buildPeopleApp(await open());
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        app.ask('POST /register', {
          body: {
            email: index % 2 === 0 ? ADA : `p${index}@example.com`,
            password: PASSWORD,
            username: 'ada',
          },
        }),
      ),
    );
    const statuses = answers.map(({ statusCode }) => statusCode).sort();
    assert.deepEqual(statuses, [201, ...Array(7).fill(409)]);
  });

  it('cannot begin or be used without PUBLIC_URL, and nothing of it is left', async () => {
    const database = await open();
    let token: string;
    {
      await using app = await buildPeopleApp(database);
      token = (await app.signUp()).access_token;
    }
    await using app = await buildPeopleApp(database, { server: { publicUrl: null } });
    const count = () =>
      database.query(`select (select count(*)::int from auth_service_identity.users) as users,
        (select count(*)::int from auth_service_identity.sessions) as sessions`);
    const credentials = { email: ADA, password: PASSWORD };
    const asked = [
      await app.ask('POST /register', { body: { ...credentials, email: 'new@example.com' } }),
      await app.ask('POST /login', { body: credentials }),
      await app.ask('POST /token/refresh', { body: { refresh_token: 'x' } }),
      await app.ask('POST /logout', { token }),
      await app.ask('PUT /password/update', { token, body: { new_password: PASSWORD } }),
      await app.ask('POST /password/update', { token, body: { new_password: PASSWORD } }),
      await app.ask('GET /me', { token }),
      await app.ask('GET /me'),
      await app.ask('PUT /me', { token, body: {} }),
      await app.ask('PATCH /me', { token, body: {} }),
      await app.ask('DELETE /me', { token }),
      await app.ask('GET /me/sessions', { token }),
      await app.ask('DELETE /me/sessions/x', { token }),
    ];
    for (const { statusCode, body, headers } of asked) {
      assert.deepEqual([statusCode, JSON.parse(body).code], [503, 'public_url_missing']);
      assert.match(body, /PUBLIC_URL/);
      assert.equal(headers['cache-control'], 'no-store');
    }
    assert.equal(app.people.hashCount(), 0);
    assert.deepEqual(await count(), [{ users: 1, sessions: 1 }]);
    assert.equal((await app.app.inject('/auth/v1/.well-known/jwks.json')).statusCode, 200);
  });

  it('is not looked for where accounts are kept elsewhere', async () => {
    await using app = await buildTestApp(await open());
    for (const [method, path] of [
      ['POST', `${USERS}/register`],
      ['POST', `${USERS}/login`],
      ['POST', `${USERS}/token/refresh`],
      ['POST', `${USERS}/logout`],
      ['PUT', `${USERS}/password/update`],
      ['GET', `${USERS}/me`],
      ['DELETE', `${USERS}/me`],
      ['GET', `${USERS}/me/sessions`],
      ['GET', '/auth/v1/.well-known/jwks.json'],
    ] as const) {
      const { statusCode, body } = await app.app.inject({ method, url: path });
      assert.deepEqual([statusCode, JSON.parse(body).code], [404, 'not_found'], path);
    }
    const { paths } = (await app.app.inject('/openapi.json')).json();
    assert.deepEqual(
      Object.keys(paths).filter((path) => path.startsWith(USERS)),
      [],
    );
  });

  it('waits for the service to be ready', async () => {
    await using app = await buildPeopleApp(await open(), { startIn: 'starting' });
    for (const on of ['POST /register', 'POST /login', 'GET /me', 'POST /logout'] as const) {
      const answer = await app.ask(on, { payload: '{ broken' });
      assert.deepEqual([answer.statusCode, answer.json().code], [503, 'starting'], on);
      assert.equal(answer.headers['retry-after'], '1');
    }
    assert.equal((await app.app.inject('/auth/v1/.well-known/jwks.json')).statusCode, 503);
  });
});
