import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as oauthClient from 'oauth4webapi';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type AdminApp, buildAdminApp } from './support/admin-app.ts';
import { claimsOf, PASSWORD } from './support/people-app.ts';
import { INTROSPECT_PATH, present, REVOKE_PATH } from './support/presented-tokens.ts';
import { listen } from './support/raw-connection.ts';
import { postToken } from './support/token-requests.ts';

const SYSTEM = { type: 'system', id: null } as const;

/** The status, with the code of an error. */
async function revoke(app: AdminApp, basic: string, token: string): Promise<string> {
  const answer = await present(app, REVOKE_PATH, basic, { token });
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer.statusCode === 200 ? '200' : `${answer.statusCode} ${answer.json().error}`;
}

/** A client with everything that it may hold, and who sees all tokens. */
async function buildWorld(app: AdminApp) {
  const server = await app.clientHolding('tokens:introspect');
  const { client, secret } = await app.oauth.clients.create(SYSTEM, {
    name: 'Refreshing worker',
    refreshTokens: true,
    allowedResources: ['https://orders.example.com'],
  });
  const basic = `Basic ${Buffer.from(`${client.id}:${secret ?? ''}`).toString('base64')}`;
  const ask = async (parameters: Record<string, string> = { grant_type: 'client_credentials' }) => {
    const payload = new URLSearchParams(parameters).toString();
    const answer = (await postToken(app, { authorization: basic, payload })).json();
    return answer as { error?: string; access_token: string; refresh_token: string };
  };
  return {
    ...{ client, basic, server, ask },
    refresh: (refresh_token: string) => ask({ grant_type: 'refresh_token', refresh_token }),
    isGood: async (token: string) =>
      (await present(app, INTROSPECT_PATH, server.basic, { token })).json().active as boolean,
  };
}

describeOnEachDatabase('revocation of tokens', (open) => {
  it('ends an access token at once, here and at introspection, and no other', async () => {
    await using app = await buildAdminApp(await open());
    const { isGood } = await buildWorld(app);
    const owner = await app.clientHolding('roles:read');
    const other = await app.tokenOf(owner.basic);
    assert.equal((await app.admin('GET /roles', { token: owner.token })).status, 200);
    assert.equal(await revoke(app, owner.basic, owner.token), '200');
    const refused = await app.admin('GET /roles', { token: owner.token });
    assert.deepEqual([refused.status, refused.body.code], [401, 'invalid_token']);
    assert.equal(await isGood(owner.token), false);
    assert.equal((await app.admin('GET /roles', { token: other })).status, 200);
    assert.equal(await isGood(other), true);
    assert.equal(await revoke(app, owner.basic, owner.token), '200', 'once more');
    const rows = await app.database.query('select 1 from auth_service_data.revocations');
    assert.equal(rows.length, 1);
  });

  it('of a refresh token ends its family, the access tokens that came of it included', async () => {
    await using app = await buildAdminApp(await open());
    const { basic, ask, refresh, isGood } = await buildWorld(app);
    const first = await ask();
    const second = await refresh(first.refresh_token);
    const apart = await ask();
    assert.equal(await isGood(first.refresh_token), false, 'it was used');
    // Whoever gives up a used one may have lost the answer, or the token itself.
    assert.equal(await revoke(app, basic, first.refresh_token), '200');
    for (const token of [first.access_token, second.access_token, second.refresh_token]) {
      assert.equal(await isGood(token), false);
    }
    assert.equal((await refresh(second.refresh_token)).error, 'invalid_grant');
    assert.deepEqual([await isGood(apart.access_token), await isGood(apart.refresh_token)], [true, true]);
    assert.equal((await refresh(apart.refresh_token)).error, undefined);
  });

  it('of an access token leaves the refresh token that came with it', async () => {
    await using app = await buildAdminApp(await open());
    const { basic, ask, refresh, isGood } = await buildWorld(app);
    const { access_token, refresh_token } = await ask();
    assert.equal(await revoke(app, basic, access_token), '200');
    const next = await refresh(refresh_token);
    assert.deepEqual([await isGood(access_token), await isGood(next.access_token)], [false, true]);
  });

  it('reuse of a refresh token ends the access tokens of its family too', async () => {
    await using app = await buildAdminApp(await open());
    const { ask, refresh, isGood } = await buildWorld(app);
    const first = await ask();
    const second = await refresh(first.refresh_token);
    assert.equal((await refresh(first.refresh_token)).error, 'invalid_grant');
    assert.deepEqual([await isGood(first.access_token), await isGood(second.access_token)], [false, false]);
  });

  it('of what is another’s is refused, but to who may', async () => {
    await using app = await buildAdminApp(await open());
    const { ask, isGood } = await buildWorld(app);
    const { access_token, refresh_token } = await ask();
    const person = await app.personHolding('roles:read');
    const stranger = await app.clientHolding('tokens:introspect', 'clients:write', 'users:write');
    for (const token of [access_token, refresh_token, person.token]) {
      assert.equal(await revoke(app, stranger.basic, token), '400 unauthorized_client');
      assert.equal(await isGood(token), true);
    }
    for (const [right, token] of [
      ['tokens:revoke', access_token],
      ['role:admin_manage', refresh_token],
      ['tokens:revoke', person.token],
    ] as const) {
      const { basic } = await app.clientHolding(right);
      assert.equal(await revoke(app, basic, token), '200');
      assert.equal(await isGood(token), false);
    }
    assert.equal((await app.ask('GET /me', { token: person.token })).statusCode, 401);
  });

  it('of what is none, or not good any more, is fine', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const { basic, ask } = await buildWorld(app);
    const { access_token, refresh_token } = await ask();
    database.clock.advance(8 * 86_400);
    for (const token of ['x', 'a.b.c', `${access_token}x`, access_token, refresh_token]) {
      assert.equal(await revoke(app, basic, token), '200');
    }
    const rows = await database.query('select 1 from auth_service_data.revocations');
    assert.equal(rows.length, 0);
  });

  it('asks who asks, and for a token in the body', async () => {
    await using app = await buildAdminApp(await open());
    const { basic, token } = await app.clientHolding('tokens:introspect');
    const answers = [];
    for (const [by, parameters, query] of [
      [null, { token }, ''],
      [`${basic}x`, { token }, ''],
      [`Bearer ${token}`, { token }, ''],
      [basic, {}, ''],
      [basic, { token }, `?token=${token}`],
    ] as const) {
      const answer = await present(app, REVOKE_PATH + query, by, parameters as Record<string, string>);
      answers.push(`${answer.statusCode} ${answer.json().error}`);
    }
    const [unknown, malformed] = ['401 invalid_client', '400 invalid_request'];
    assert.deepEqual(answers, [unknown, unknown, unknown, malformed, malformed]);
    assert.equal((await present(app, INTROSPECT_PATH, basic, { token })).json().active, true);
  });

  it('is written down: who revoked what, and never the token', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const { client, basic, ask } = await buildWorld(app);
    const person = await app.personHolding();
    const helper = await app.clientHolding('tokens:revoke');
    const { access_token, refresh_token } = await ask();
    for (const token of [access_token, refresh_token]) await revoke(app, basic, token);
    await revoke(app, helper.basic, person.token);
    await app.audit.flush();
    const events = await database.storage.auditEvents.list({ limit: 100, action: 'token.revoked' });
    const told = events.map(({ actorType, actorId, subjectType, subjectId }) =>
      [actorType, actorId, subjectType, subjectId].join(' '),
    );
    const session = claimsOf(person.token).session_id;
    assert.deepEqual(
      told.sort(),
      [
        `client ${client.id} token ${claimsOf(access_token).jti}`,
        `client ${client.id} client ${client.id}`,
        `client ${helper.id} session ${session}`,
      ].sort(),
    );
    const text = JSON.stringify(events) + app.logText();
    for (const token of [access_token, refresh_token, person.token]) assert.ok(!text.includes(token));
  });

  it('comes with log-out, another password, a ban and the end of an account: the session is on the list', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const marksOf = (token: string) => ({ sessionId: String(claimsOf(token).session_id) });
    const ends: Record<string, (person: { id: string; token: string }) => Promise<number>> = {
      'log-out': async ({ token }) => (await app.ask('POST /logout', { token })).statusCode,
      password: async ({ token, id }) => {
        const { email } = (await app.admin(`GET /users/${id}`)).body;
        const { access_token } = await app.logIn(email);
        const body = { current_password: PASSWORD, new_password: `${PASSWORD} 2` };
        const { statusCode } = await app.ask('PUT /password/update', { token: access_token, body });
        assert.ok(!app.revocations.isRevoked(marksOf(access_token)), 'but for the one in use');
        return token === access_token ? 0 : statusCode;
      },
      ban: async ({ id }) => (await app.admin(`POST /users/${id}/ban`)).status,
      'log-out by others': async ({ id }) => (await app.admin(`POST /users/${id}/logout`)).status,
      deactivation: async ({ id }) =>
        (await app.admin(`PATCH /users/${id}`, { body: { is_active: false } })).status,
      deletion: async ({ id }) => (await app.admin(`DELETE /users/${id}`)).status,
      leaving: async ({ token }) => (await app.ask('DELETE /me', { token })).statusCode,
    };
    for (const [way, end] of Object.entries(ends)) {
      const person = await app.personHolding();
      assert.ok(!app.revocations.isRevoked(marksOf(person.token)), way);
      assert.equal(await end(person), 200, way);
      assert.ok(app.revocations.isRevoked(marksOf(person.token)), way);
    }
  });

  it('is what an independent client finds in the metadata and can do', async () => {
    await using app = await buildAdminApp(await open());
    const { id, basic, token } = await app.clientHolding('roles:read');
    const { url } = await listen(app.app);
    const metadata = (await app.app.inject('/.well-known/oauth-authorization-server')).json();
    const server = { ...metadata, revocation_endpoint: url + new URL(metadata.revocation_endpoint).pathname };
    const secret = Buffer.from(basic.slice(6), 'base64').toString().split(':')[1] ?? '';
    const by = oauthClient.ClientSecretPost(secret);
    const insecure = { [oauthClient.allowInsecureRequests]: true };
    const answer = await oauthClient.revocationRequest(server, { client_id: id }, by, token, insecure);
    await oauthClient.processRevocationResponse(answer);
    assert.equal((await app.admin('GET /roles', { token })).status, 401);
  });
});
