import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as oauthClient from 'oauth4webapi';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type AdminApp, buildAdminApp } from './support/admin-app.ts';
import { claimsOf } from './support/people-app.ts';
import { INTROSPECT_PATH, present } from './support/presented-tokens.ts';
import { listen } from './support/raw-connection.ts';
import { postToken } from './support/token-requests.ts';

const SYSTEM = { type: 'system', id: null } as const;
const INACTIVE = '{"active":false}';

async function introspect(app: AdminApp, basic: string, token: string) {
  const answer = await present(app, INTROSPECT_PATH, basic, { token });
  assert.equal(answer.statusCode, 200, answer.body);
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer;
}

async function refreshing(app: AdminApp) {
  const client = await app.makeClient(['stock:read'], { refreshTokens: true });
  const answer = await postToken(app, { authorization: client.basic });
  return { client, ...(answer.json() as { access_token: string; refresh_token: string }) };
}

describeOnEachDatabase('introspection', (open) => {
  it('says of a client’s own token what it says itself, as it holds now', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const { id, basic, token } = await app.clientHolding('orders:read', 'orders:write');
    const { iss, aud, exp, iat, jti, roles } = claimsOf(token);
    const said = {
      ...{ active: true, client_id: id, sub: id, token_type: 'Bearer', iss, aud, exp, iat, jti },
      ...{ client_name: 'Worker', client_type: 'm2m', roles },
    };
    const before = { scope: 'orders:read orders:write', permissions: ['orders:read', 'orders:write'] };
    assert.deepEqual((await introspect(app, basic, token)).json(), { ...said, ...before });
    await app.rbac.revokePermission(SYSTEM, String((roles as string[])[0]), 'orders:write');
    const after = { scope: 'orders:read', permissions: ['orders:read'] };
    assert.deepEqual((await introspect(app, basic, token)).json(), { ...said, ...after });
    await app.rbac.revokeRoleFromClient(SYSTEM, id, String((roles as string[])[0]));
    const none = { scope: '', permissions: [], roles: [] };
    assert.deepEqual((await introspect(app, basic, token)).json(), { ...said, ...none });
  });

  it('says nothing about others but to who may know', async () => {
    await using app = await buildAdminApp(await open());
    const owner = await app.clientHolding('orders:read');
    const { client, access_token: fleet, refresh_token: refresh } = await refreshing(app);
    const person = await app.personHolding('orders:read');
    const stranger = await app.clientHolding('tokens:revoke', 'clients:read', 'users:read');
    for (const token of [owner.token, fleet, refresh, person.token]) {
      assert.equal((await introspect(app, stranger.basic, token)).body, INACTIVE);
    }
    for (const right of ['tokens:introspect', 'role:admin_manage']) {
      const resourceServer = await app.clientHolding(right);
      const ask = async (token: string) => (await introspect(app, resourceServer.basic, token)).json();
      assert.equal((await ask(owner.token)).client_id, owner.id);
      assert.equal((await ask(fleet)).client_id, client.id);
      assert.deepEqual(
        [(await ask(refresh)).active, (await ask(refresh)).client_id, (await ask(refresh)).token_type],
        [true, client.id, undefined],
      );
      const { active, sub, username, session_id, permissions, aal, exp } = await ask(person.token);
      const claims = claimsOf(person.token);
      assert.deepEqual([active, sub, username], [true, person.id, claims.email]);
      assert.deepEqual([session_id, permissions], [claims.session_id, ['orders:read']]);
      assert.deepEqual([aal, exp], ['aal1', claims.exp]);
    }
  });

  it('calls good only what is: nothing expired, forged, foreign, used, of somebody who is out', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const server = await app.clientHolding('tokens:introspect');
    const inactive = async (token: string) => (await introspect(app, server.basic, token)).body === INACTIVE;
    const owner = await app.clientHolding('orders:read');
    const [head = '', body = '', signature = ''] = owner.token.split('.');
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(owner.token), sub: server.id })).toString(
      'base64url',
    );
    for (const token of [
      ...['', ' ', 'x', 'a.b.c', 'par_x', `${head}.${body}.`, `${head}.${forged}.${signature}`],
      ...[
        `${owner.token}x`,
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
        'x'.repeat(20_000),
      ],
    ]) {
      const answer = await present(app, INTROSPECT_PATH, server.basic, { token });
      if (token === '') assert.equal(answer.json().error, 'invalid_request');
      else assert.equal(answer.body, INACTIVE, token.slice(0, 40));
    }
    const { client, access_token: fleet, refresh_token: used } = await refreshing(app);
    const payload = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: used }).toString();
    const { refresh_token: next } = (await postToken(app, { authorization: client.basic, payload })).json();
    assert.deepEqual([await inactive(used), await inactive(next)], [true, false]);
    await app.oauth.clients.update(SYSTEM, client.id, { refreshTokens: false });
    assert.equal(await inactive(next), true);
    assert.equal(await inactive(fleet), false);
    await app.oauth.clients.update(SYSTEM, client.id, { isActive: false });
    assert.equal(await inactive(fleet), true);
    await app.oauth.clients.delete(SYSTEM, owner.id);
    assert.equal(await inactive(owner.token), true);
    const person = await app.personHolding('orders:read');
    await app.admin(`POST /users/${person.id}/ban`);
    assert.equal(await inactive(person.token), true);
    const late = await app.clientHolding('orders:read');
    database.clock.advance(900 + 4);
    assert.equal(await inactive(late.token), false);
    database.clock.advance(2);
    assert.equal(await inactive(late.token), true);
  });

  it('knows tokens that are signed with the shared secret, and who forged one', async () => {
    const database = await open();
    await using app = await buildAdminApp(database, { algorithm: 'HS256' });
    const { basic } = await app.clientHolding('orders:read');
    const shared = (await postToken(app, { authorization: basic })).json().access_token;
    assert.equal((await introspect(app, basic, shared)).json().active, true);
    const own = await app.tokenOf(basic);
    assert.equal((await introspect(app, basic, own)).json().active, true);
    // A consumer that knows the secret makes one for our own API.
    const { createHmac } = await import('node:crypto');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${encode({ alg: 'HS256', typ: 'at+jwt' })}.${encode(claimsOf(own))}`;
    const forged = `${text}.${createHmac('sha256', 's'.repeat(40)).update(text).digest('base64url')}`;
    assert.equal((await introspect(app, basic, forged)).body, INACTIVE);
  });

  it('asks who asks, reads the body alone, and each parameter once', async () => {
    await using app = await buildAdminApp(await open());
    const { basic, token } = await app.clientHolding('tokens:introspect');
    const refused = async (
      authorization: string | null,
      parameters: Record<string, string> | string,
      query = '',
    ) => {
      const answer = await present(app, INTROSPECT_PATH + query, authorization, parameters);
      return [answer.statusCode, answer.json().error];
    };
    assert.deepEqual(await refused(null, { token }), [401, 'invalid_client']);
    assert.deepEqual(await refused(`Bearer ${token}`, { token }), [401, 'invalid_client']);
    assert.deepEqual(await refused(`${basic}x`, { token }), [401, 'invalid_client']);
    assert.deepEqual(await refused(basic, {}), [400, 'invalid_request']);
    assert.deepEqual(await refused(basic, `token=${token}&token=${token}`), [400, 'invalid_request']);
    assert.deepEqual(await refused(basic, { token }, `?token=${token}`), [400, 'invalid_request']);
    const hinted = { token, token_type_hint: 'refresh_token', more: 'x' };
    assert.equal((await present(app, INTROSPECT_PATH, basic, hinted)).json().active, true);
    assert.equal((await app.app.inject({ method: 'GET', url: INTROSPECT_PATH })).statusCode, 405);
    assert.ok(!app.logText().includes(token), 'no token is logged');
  });

  it('says of nothing that it is good while nobody can tell what was revoked', async () => {
    await using app = await buildAdminApp(await open());
    const { basic, token } = await app.clientHolding('tokens:introspect');
    const person = await app.personHolding('tokens:introspect');
    app.revocations.ageMs = 5001;
    for (const presented of [token, person.token]) {
      const answer = await present(app, INTROSPECT_PATH, basic, { token: presented });
      assert.deepEqual([answer.statusCode, answer.json().error], [503, 'temporarily_unavailable']);
      assert.match(String(answer.headers['retry-after']), /^[1-9]/);
    }
    const bearer = await app.admin('GET /keys', { token });
    assert.deepEqual([bearer.status, bearer.body.code], [503, 'revocations_unknown']);
    const issued = await postToken(app, { authorization: basic });
    assert.equal(issued.statusCode, 200, 'issuing goes on');
    app.revocations.ageMs = 5000;
    assert.equal((await introspect(app, basic, token)).json().active, true);
  });

  it('is what an independent client finds in the metadata and understands', async () => {
    const database = await open();
    await using app = await buildAdminApp(database);
    const { id, basic, token } = await app.clientHolding('orders:read');
    const { url } = await listen(app.app);
    const metadata = (await app.app.inject('/.well-known/oauth-authorization-server')).json();
    const server = {
      ...metadata,
      introspection_endpoint: url + new URL(metadata.introspection_endpoint).pathname,
    };
    const secret = Buffer.from(basic.slice(6), 'base64').toString().split(':')[1] ?? '';
    const insecure = { [oauthClient.allowInsecureRequests]: true };
    const client = { client_id: id };
    const by = oauthClient.ClientSecretBasic(secret);
    const answer = await oauthClient.introspectionRequest(server, client, by, token, insecure);
    const read = await oauthClient.processIntrospectionResponse(server, client, answer);
    assert.deepEqual([read.active, read.scope], [true, 'orders:read']);
  });
});
