import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import * as oauthClient from 'oauth4webapi';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildTestApp, TOKEN_PATH } from './support/build-test-app.ts';
import { listen } from './support/raw-connection.ts';
import { FORM, postToken } from './support/token-requests.ts';

describeOnEachDatabase('the token endpoint', (open) => {
  it('gives a token that the published keys verify', async () => {
    const database = await open();
    await using app = await buildTestApp(database);
    const client = await app.makeClient(['orders:read']);
    const answer = await app.app.inject({
      method: 'POST',
      url: TOKEN_PATH,
      headers: { authorization: client.basic, 'content-type': FORM },
      payload: 'grant_type=client_credentials',
    });
    assert.equal(answer.statusCode, 200);
    const { access_token, ...rest } = answer.json();
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 900, scope: 'orders:read' });
    const jwks = await app.app.inject('/.well-known/jwks.json');
    assert.equal(jwks.headers['cache-control'], 'public, max-age=60');
    const { payload, protectedHeader } = await jwtVerify(access_token, createLocalJWKSet(jwks.json()), {
      issuer: 'https://auth.example.com',
      audience: 'paservices_microservices',
      currentDate: database.clock.now(),
    });
    assert.equal(protectedHeader.typ, 'at+jwt');
    assert.equal(payload.sub, client.id);
  });

  it('takes the same request as form and as JSON, with credentials in the header or the body', async () => {
    await using app = await buildTestApp(await open());
    const { id, secret, basic } = await app.makeClient(['orders:read', 'orders:write']);
    const grant = { grant_type: 'client_credentials', scope: 'orders:read' };
    const inBody = { ...grant, client_id: id, client_secret: secret };
    const requests = [
      { type: FORM, payload: String(new URLSearchParams(grant)), authorization: basic },
      { type: FORM, payload: String(new URLSearchParams(inBody)) },
      { type: `${FORM}; charset=UTF-8`, payload: `&&${new URLSearchParams(inBody)}&unknown=1&empty=&flag` },
      { type: 'application/json', payload: JSON.stringify(grant), authorization: basic },
      { type: 'application/json', payload: JSON.stringify(inBody) },
      {
        type: 'Application/JSON;charset=utf-8',
        payload: `\ufeff ${JSON.stringify({ ...inBody, unknown: [1] })}\n`,
      },
    ];
    for (const { type, payload, authorization } of requests) {
      const answer = await app.app.inject({
        method: 'POST',
        url: TOKEN_PATH,
        headers: { 'content-type': type, ...(authorization === undefined ? {} : { authorization }) },
        payload,
      });
      assert.equal(answer.statusCode, 200, answer.body);
      assert.equal(answer.json().scope, 'orders:read');
    }
  });

  it('takes several resources, repeated in a form and as an array in JSON', async () => {
    await using app = await buildTestApp(await open());
    const resources = ['https://a.example.com', 'https://b.example.com'];
    const { basic } = await app.makeClient([], { allowedResources: resources });
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    for (const resource of resources) form.append('resource', resource);
    const json = JSON.stringify({ grant_type: 'client_credentials', resource: resources });
    for (const [type, payload] of [
      [FORM, String(form)],
      ['application/json', json],
    ] as const) {
      const answer = await app.app.inject({
        method: 'POST',
        url: TOKEN_PATH,
        headers: { authorization: basic, 'content-type': type },
        payload,
      });
      assert.equal(answer.statusCode, 200, answer.body);
      const claims = JSON.parse(
        Buffer.from(answer.json().access_token.split('.')[1], 'base64url').toString(),
      );
      assert.deepEqual(claims.aud, resources);
    }
  });

  it('sees repeated names in JSON where they are repeated, and nowhere else', async () => {
    await using app = await buildTestApp(await open());
    const { basic } = await app.makeClient();
    const grant = '"grant_type": "client_credentials"';
    const bodies: [string, number][] = [
      [`{ ${grant}, "x": {"a":1,"a":2}, "y": [{"y":1},{"y":2}], "z": "\\"x\\":{[" }`, 200],
      [`{ ${grant}, "x": "\\\\", "y": "grant_type", "z": ["grant_type", "x"] }`, 200],
      [`{ ${grant}, "x": [], "x": {} }`, 400],
      [`{ "a": "\\\\\\"", ${grant} , ${grant} }`, 400],
      [`{ "\\u0067rant_type": "client_credentials", "x": {}, ${grant} }`, 400],
      [`{ "__proto__": "a", ${grant}, "__proto__": "b" }`, 400],
    ];
    for (const [payload, status] of bodies) {
      const answer = await postToken(app, { authorization: basic, type: 'application/json', payload });
      assert.equal(answer.statusCode, status, `${payload} ${answer.body}`);
    }
  });

  it('never lets an answer be kept, whatever it says', async () => {
    await using app = await buildTestApp(await open());
    const { basic } = await app.makeClient();
    for (const authorization of [basic, 'Basic bm9ib2R5Om5vdGhpbmc=']) {
      for (const payload of ['grant_type=client_credentials', 'grant_type=magic', '%']) {
        const { headers } = await app.app.inject({
          method: 'POST',
          url: TOKEN_PATH,
          headers: { authorization, 'content-type': FORM },
          payload,
        });
        assert.equal(headers['cache-control'], 'no-store');
        assert.equal(headers.pragma, 'no-cache');
        assert.ok(headers['x-request-id']);
      }
    }
  });

  it('works with an independent client over a socket, authenticated in the header and in the body', async () => {
    await using app = await buildTestApp(await open());
    const { id, secret } = await app.makeClient(['orders:read']);
    const { url } = await listen(app.app);
    const server: oauthClient.AuthorizationServer = {
      issuer: 'https://auth.example.com',
      token_endpoint: url + TOKEN_PATH,
    };
    for (const authentication of [
      oauthClient.ClientSecretBasic(secret),
      oauthClient.ClientSecretPost(secret),
    ]) {
      const answer = await oauthClient.clientCredentialsGrantRequest(
        server,
        { client_id: id },
        authentication,
        { scope: 'orders:read' },
        { [oauthClient.allowInsecureRequests]: true },
      );
      const result = await oauthClient.processClientCredentialsResponse(server, { client_id: id }, answer);
      assert.equal(result.token_type, 'bearer');
      assert.equal(result.scope, 'orders:read');
    }
    const refused = await oauthClient.clientCredentialsGrantRequest(
      server,
      { client_id: id },
      oauthClient.ClientSecretBasic('wrong'),
      {},
      { [oauthClient.allowInsecureRequests]: true },
    );
    await assert.rejects(
      oauthClient.processClientCredentialsResponse(server, { client_id: id }, refused),
      oauthClient.WWWAuthenticateChallengeError,
    );
  });

  it('is found by an independent client through the metadata', async () => {
    await using app = await buildTestApp(await open(), { server: { publicUrl: 'http://127.0.0.1:8000' } });
    const issuer = new URL('http://127.0.0.1:8000');
    for (const path of [
      '/.well-known/oauth-authorization-server',
      '/api/v1/.well-known/oauth-authorization-server',
    ]) {
      const { statusCode, body, headers } = await app.app.inject(path);
      const answer = new Response(body, {
        status: statusCode,
        headers: { 'content-type': String(headers['content-type']) },
      });
      const server = await oauthClient.processDiscoveryResponse(issuer, answer);
      assert.equal(server.token_endpoint, `http://127.0.0.1:8000${TOKEN_PATH}`);
      assert.equal(server.jwks_uri, 'http://127.0.0.1:8000/.well-known/jwks.json');
      assert.deepEqual(JSON.parse(body), app.oauth.metadata());
    }
  });

  it('says that PUBLIC_URL is missing where an answer is built from it', async () => {
    await using app = await buildTestApp(await open(), { server: { publicUrl: null } });
    const { basic } = await app.makeClient();
    const metadata = await app.app.inject('/.well-known/oauth-authorization-server');
    assert.equal(metadata.statusCode, 503);
    assert.equal(metadata.json().code, 'public_url_missing');
    const token = await postToken(app, { authorization: basic });
    assert.equal(token.statusCode, 503);
    assert.match(token.json().error_description, /PUBLIC_URL/);
  });

  it('counts requests by client and says so in the headers', async () => {
    await using app = await buildTestApp(await open(), { rate: { limit: 2, windowSeconds: 60 } });
    const { basic } = await app.makeClient();
    const answers = [
      await postToken(app, { authorization: basic }),
      await postToken(app, { authorization: basic }),
    ];
    assert.deepEqual(
      answers.map(({ headers }) => headers['ratelimit-policy']),
      ['"token";q=2;w=60', '"token";q=2;w=60'],
    );
    assert.deepEqual(
      answers.map(({ headers }) => headers.ratelimit),
      ['"token";r=1;t=60', '"token";r=0;t=60'],
    );
    const refused = await postToken(app, { authorization: basic });
    assert.equal(refused.statusCode, 429);
    assert.equal(refused.json().error, 'temporarily_unavailable');
    assert.equal(refused.headers.ratelimit, '"token";r=0;t=60');
    assert.equal(refused.headers['retry-after'], '60');
    const other = await app.makeClient();
    assert.equal((await postToken(app, { authorization: other.basic })).statusCode, 200);
  });

  it('counts failures by address, IPv6 by its network', async () => {
    await using app = await buildTestApp(await open(), { rate: { limit: 2, windowSeconds: 60 } });
    const { basic } = await app.makeClient();
    const wrong = 'Basic bm9ib2R5Om5vdGhpbmc=';
    for (const remoteAddress of ['2001:db8::1', '2001:db8::2']) {
      assert.equal((await postToken(app, { authorization: wrong, remoteAddress })).statusCode, 401);
    }
    const blocked = await postToken(app, { authorization: basic, remoteAddress: '2001:db8:0:0:ffff::3' });
    assert.equal(blocked.statusCode, 429);
    assert.ok(Number(blocked.headers['retry-after']) >= 1);
    assert.match(String(blocked.headers['ratelimit-policy']), /^"token-failures";q=2;w=60$/);
    assert.equal(
      (await postToken(app, { authorization: basic, remoteAddress: '2001:db8:0:1::3' })).statusCode,
      200,
    );
  });

  it('logs who got a token, and neither the token nor the secret', async () => {
    await using app = await buildTestApp(await open());
    const { id, secret, basic } = await app.makeClient(['orders:read']);
    const inHeader = await postToken(app, { authorization: basic });
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: id,
      client_secret: secret,
    });
    await postToken(app, { payload: String(body) });
    await postToken(app, { payload: String(body), query: `?client_secret=${secret}` });
    await postToken(app, { payload: String(body), authorization: basic });
    await postToken(app, { payload: `${body}x` });
    const lines = app.requestLines();
    assert.deepEqual(
      lines.map(({ status }) => status),
      [200, 200, 400, 400, 401],
    );
    assert.deepEqual(
      lines.map(({ client_id }) => client_id),
      [id, id, undefined, undefined, undefined],
    );
    const text = app.logText();
    assert.ok(!text.includes(secret));
    assert.ok(!text.includes(basic.slice('Basic '.length)));
    assert.ok(!text.includes(inHeader.json().access_token));
    assert.ok(!text.includes(inHeader.json().access_token.split('.')[2]));
  });
});
