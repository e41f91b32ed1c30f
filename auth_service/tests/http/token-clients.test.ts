import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as oauthClient from 'oauth4webapi';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { buildTestApp, type TestApp, TOKEN_PATH } from './support/build-test-app.ts';
import { listen } from './support/raw-connection.ts';
import { FORM, postToken } from './support/token-requests.ts';

const ISSUER = 'https://auth.example.com';
const INSECURE = { [oauthClient.allowInsecureRequests]: true };

interface World {
  readonly server: oauthClient.AuthorizationServer;
  readonly client: oauthClient.Client;
  readonly key: oauthClient.PrivateKey;
  readonly authentication: oauthClient.ClientAuth;
}

/** A client with a key of this kind, as an independent client library sees it. */
async function makeKeyClient(
  app: TestApp,
  { clock }: TestDatabase,
  algorithm: 'ES256' | 'Ed25519' | 'RS256' = 'ES256',
): Promise<World> {
  const { privateKey, publicKey } = await oauthClient.generateKeyPair(algorithm, { extractable: true });
  const jwk = await crypto.subtle.exportKey('jwk', publicKey);
  const { id } = await app.makeClient(['orders:read', 'orders:write'], {
    jwks: { keys: [{ ...jwk, kid: 'of the test' }] },
    tokenEndpointAuthMethod: 'private_key_jwt',
    refreshTokens: true,
  });
  const { url } = await listen(app.app);
  const skew = Math.round((clock.now().getTime() - Date.now()) / 1000);
  const key = { key: privateKey, kid: 'of the test' };
  return {
    server: { issuer: ISSUER, token_endpoint: url + TOKEN_PATH },
    client: { client_id: id, [oauthClient.clockSkew]: skew },
    key,
    authentication: oauthClient.PrivateKeyJwt(key),
  };
}

async function begin({ server, client, authentication }: World, parameters = {}) {
  const answer = await oauthClient.clientCredentialsGrantRequest(
    server,
    client,
    authentication,
    parameters,
    INSECURE,
  );
  return await oauthClient.processClientCredentialsResponse(server, client, answer);
}

async function refresh({ server, client, authentication }: World, token = '') {
  const answer = await oauthClient.refreshTokenGrantRequest(server, client, authentication, token, INSECURE);
  return await oauthClient.processRefreshTokenResponse(server, client, answer);
}

const isError = (error: unknown, code: string) =>
  error instanceof oauthClient.ResponseBodyError && error.error === code;

describeOnEachDatabase('the token endpoint, to clients with keys and refresh tokens', (open) => {
  it('works with an independent client: private_key_jwt with each kind of key, then refresh', async () => {
    const database = await open();
    for (const algorithm of ['ES256', 'Ed25519', 'RS256'] as const) {
      await using app = await buildTestApp(await open());
      const world = await makeKeyClient(app, database, algorithm);
      const first = await begin(world, { scope: 'orders:read' });
      assert.equal(first.scope, 'orders:read');
      const second = await refresh(world, first.refresh_token);
      assert.equal(second.scope, 'orders:read');
      assert.notEqual(second.refresh_token, first.refresh_token);
      await assert.rejects(refresh(world, first.refresh_token), (error) => isError(error, 'invalid_grant'));
      await assert.rejects(refresh(world, second.refresh_token), (error) => isError(error, 'invalid_grant'));
    }
  });

  it('refuses what an independent client signs for somebody else, too long, or twice', async () => {
    const database = await open();
    await using app = await buildTestApp(database);
    const world = await makeKeyClient(app, database);
    const changed = (change: (claims: Record<string, unknown>) => void): World => ({
      ...world,
      authentication: oauthClient.PrivateKeyJwt(world.key, {
        [oauthClient.modifyAssertion]: (_header, claims) => change(claims as Record<string, unknown>),
      }),
    });
    const changes: ((claims: Record<string, unknown>) => void)[] = [
      (claims) => {
        claims.aud = world.server.token_endpoint;
      },
      (claims) => {
        claims.exp = Number(claims.exp) + 600;
      },
      (claims) => {
        claims.sub = 'somebody else';
      },
    ];
    for (const change of changes) {
      await assert.rejects(begin(changed(change)), oauthClient.WWWAuthenticateChallengeError);
    }
    const twice = changed((claims) => {
      claims.jti = 'the same';
    });
    await begin(twice);
    await assert.rejects(begin(twice), oauthClient.WWWAuthenticateChallengeError);
  });

  it('says who asked with a refresh token or an assertion, and logs neither', async () => {
    const database = await open();
    await using app = await buildTestApp(database);
    const { id, basic } = await app.makeClient(['orders:read'], { refreshTokens: true });
    const ask = (parameters: Record<string, string>, query = '') =>
      postToken(app, {
        authorization: basic,
        type: FORM,
        payload: String(new URLSearchParams(parameters)),
        query,
      });
    const { refresh_token } = (await ask({ grant_type: 'client_credentials' })).json();
    const refreshing = { grant_type: 'refresh_token', refresh_token };
    const answer = await ask(refreshing);
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(answer.json()), [
      'access_token',
      'token_type',
      'expires_in',
      'scope',
      'refresh_token',
    ]);
    for (const query of [`?refresh_token=${refresh_token}`, '?client_assertion=eyJhbGciOiJIUzI1NiJ9.e30.x']) {
      const refused = await ask(refreshing, query);
      assert.equal(refused.statusCode, 400);
      assert.match(refused.json().error_description, /must not be in the URL/);
    }
    assert.equal((await ask(refreshing)).json().error, 'invalid_grant');
    assert.deepEqual(
      app.requestLines().map(({ client_id }) => client_id),
      [id, id, undefined, undefined, undefined],
    );
    assert.ok(!app.logText().includes(refresh_token.slice(37)));
    assert.ok(!app.logText().includes('eyJhbGciOiJIUzI1NiJ9'));
  });

  it('answers alike where keys cannot be fetched, where there are others, and where nobody is', async () => {
    const database = await open();
    await using app = await buildTestApp(database);
    const world = await makeKeyClient(app, database);
    const unfetched = await app.makeClient([], { jwksUri: 'https://keys.example/' });
    const other = await app.makeClient();
    const answers = [];
    for (const client_id of [unfetched.id, other.id, crypto.randomUUID()]) {
      const answer = await oauthClient.clientCredentialsGrantRequest(
        world.server,
        { ...world.client, client_id },
        world.authentication,
        {},
        INSECURE,
      );
      const headers = [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
      answers.push({ status: answer.status, headers, body: (await answer.json()) as { error: string } });
    }
    const [first] = answers;
    assert.deepEqual([first?.status, first?.body.error], [401, 'invalid_client']);
    assert.deepEqual(answers, [first, first, first]);
  });
});
