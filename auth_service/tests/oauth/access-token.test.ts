import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createSharedSecretKeys, type TokenPolicy, verifyToken } from '#keys';
import {
  makeClient,
  PUBLIC_URL,
  readToken,
  requestBy,
  SHARED_SECRET,
  type TestOauth,
} from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const LARGE = `large:${'p'.repeat(55)}`;
const AUDIENCE = 'paservices_microservices';

describeOauth('access token', (suite) => {
  let it: TestOauth;

  before(async () => {
    it = await suite.build();
  });

  const policy = (changes: Partial<TokenPolicy>): TokenPolicy => ({
    issuer: PUBLIC_URL,
    audience: AUDIENCE,
    typ: 'at+jwt',
    findKeys: () => [],
    clockToleranceSeconds: 0,
    ...changes,
  });

  test('it says exactly what consumers rely on, signed by the key ring', async () => {
    const client = await makeClient(it, ['orders:read', 'orders:write'], { name: ' Order service ' });
    const { response, limit } = await it.oauth.issueToken(requestBy(client));
    const { header, claims } = readToken(response.access_token);
    assert.equal(limit, null);
    assert.deepEqual([header.alg, header.typ], ['ES256', 'at+jwt']);
    assert.equal(header.kid, it.ring.list()[0]?.kid);
    const { jti, ...others } = claims;
    assert.match(String(jti), UUID);
    const iat = Math.floor(it.clock.now().getTime() / 1000);
    assert.deepEqual(others, {
      iss: PUBLIC_URL,
      aud: AUDIENCE,
      sub: client.id,
      client_id: client.id,
      client_name: 'Order service',
      client_type: 'm2m',
      token_type: 'm2m_access',
      roles: [client.role],
      permissions: ['orders:read', 'orders:write'],
      scope: 'orders:read orders:write',
      iat,
      exp: iat + 900,
    });
    assert.deepEqual(response, {
      access_token: response.access_token,
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'orders:read orders:write',
    });
    const findKeys = (kid: string | undefined) => [it.ring.findKey(kid ?? '')].filter((key) => key !== null);
    verifyToken(response.access_token, policy({ findKeys }), it.clock.now());
  });

  test('a shared secret signs with HS256 under the issuer that consumers know', async () => {
    const shared = await suite.build({ settings: { algorithm: 'HS256', issuer: 'paservices_auth_service' } });
    const client = await makeClient(shared);
    const { response } = await shared.oauth.issueToken(requestBy(client));
    const { keys } = createSharedSecretKeys({ secret: SHARED_SECRET, previous: null });
    const claims = verifyToken(
      response.access_token,
      policy({ issuer: 'paservices_auth_service', findKeys: () => keys }),
      shared.clock.now(),
    );
    assert.equal(claims.sub, client.id);
  });

  test("a client's own lifetime goes before the service's", async () => {
    const client = await makeClient(it, [], { tokenLifetimeSeconds: 60 });
    const { response } = await it.oauth.issueToken(requestBy(client));
    const { iat, exp } = readToken(response.access_token).claims;
    assert.equal(response.expires_in, 60);
    assert.equal(Number(exp) - Number(iat), 60);
  });

  test('two tokens of one instant differ', async () => {
    const client = await makeClient(it);
    const issued = await Promise.all([1, 2].map(() => it.oauth.issueToken(requestBy(client))));
    const [first, second] = issued.map(({ response }) => readToken(response.access_token).claims.jti);
    assert.notEqual(first, second);
  });

  test('without an issuer no token is made, and only who is authenticated hears why', async () => {
    const without = await suite.build({ settings: { issuer: null, publicUrl: null } });
    const client = await makeClient(without);
    assert.equal((await refusalOf(without.oauth, requestBy(client))).code, 'public_url_missing');
    const stranger = { ...client, secret: 'wrong' };
    assert.equal((await refusalOf(without.oauth, requestBy(stranger))).code, 'invalid_client');
  });

  test('a large token is warned about once an hour per client', async () => {
    const client = await makeClient(it, manyPermissions(30));
    const warnings = () =>
      it.logged.filter((line) => line.client_id === client.id && line.level === 'WARNING');
    for (let n = 0; n < 3; n += 1) await it.oauth.issueToken(requestBy(client));
    assert.equal(warnings().length, 1);
    assert.ok(Number(warnings()[0]?.token_bytes) > 4096);
    it.clock.advance(3601);
    await it.oauth.issueToken(requestBy(client));
    assert.equal(warnings().length, 2);
    await it.oauth.issueToken(requestBy(client, { scope: `${LARGE}0` }));
    assert.equal(warnings().length, 2);
  });

  test('a token that proxies would break on is refused with the way out, which works', async () => {
    const client = await makeClient(it, manyPermissions(45));
    const error = await refusalOf(it.oauth, requestBy(client));
    assert.equal(error.code, 'invalid_scope');
    assert.match(error.message, /scope.*resource/);
    const events = await it.auditEvents({ action: 'token.issued', actorId: client.id });
    assert.deepEqual(events, []);
    await it.oauth.issueToken(requestBy(client, { scope: `${LARGE}1 ${LARGE}2` }));
  });

  test('issuance is audited with what was issued, never with the token', async () => {
    const client = await makeClient(it, ['orders:read', 'orders:write']);
    const { response } = await it.oauth.issueToken(requestBy(client, { scope: 'orders:read' }));
    const { jti } = readToken(response.access_token).claims;
    const [event, ...more] = await it.auditEvents({ action: 'token.issued', actorId: client.id });
    assert.deepEqual(more, []);
    assert.equal(event?.actorType, 'client');
    assert.equal(event?.clientIp, '203.0.113.7');
    assert.deepEqual([event?.subjectType, event?.subjectId], ['token', jti]);
    assert.deepEqual(event?.detail, {
      jti,
      grant_type: 'client_credentials',
      aud: AUDIENCE,
      scope_size: 1,
    });
  });
});

/** Each takes some 170 bytes of a token. */
function manyPermissions(count: number): string[] {
  return Array.from({ length: count }, (_, n) => LARGE + n);
}
