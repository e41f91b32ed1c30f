import assert from 'node:assert/strict';
import crypto, { createHmac } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { before, mock, test } from 'node:test';
import type { TokenRequest } from '#oauth';
import { makeKey, type TestKey } from '../keys/token-builder.ts';
import { assertionBy, keySetOf, requestAsserting } from './assertion-builder.ts';
import {
  makeClient,
  PUBLIC_URL,
  requestBy,
  type TestClient,
  type TestOauth,
  tokenRequest,
} from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

const NOBODY = '01890000-0000-7000-8000-000000000000';
const [es256, eddsa, rs256, foreign] = await Promise.all([
  makeKey('ES256'),
  makeKey('EdDSA'),
  makeKey('RS256'),
  makeKey('ES256'),
]);

/** How often node:crypto is asked to verify a signature meanwhile. */
async function countVerified(work: () => Promise<void>): Promise<number> {
  const counted = mock.method(crypto, 'verify');
  syncBuiltinESMExports();
  await work();
  const count = counted.mock.callCount();
  counted.mock.restore();
  syncBuiltinESMExports();
  return count;
}

describeOauth('private_key_jwt', (suite) => {
  let it: TestOauth;
  let client: TestClient;
  let either: TestClient;

  before(async () => {
    it = await suite.build();
    const jwks = keySetOf(es256, eddsa, rs256);
    client = await makeClient(it, ['orders:read'], { jwks, tokenEndpointAuthMethod: 'private_key_jwt' });
    either = await makeClient(it, [], { jwks: keySetOf(es256) });
  });

  type Changes = Parameters<typeof assertionBy>[3];
  const assertion = (changes: Changes = {}, key: TestKey = es256, id = client.id) =>
    assertionBy(id, key, it.clock.now(), changes);
  const accepts = async (text: string, parameters = {}) => {
    const { clientId, response } = await it.oauth.issueToken(requestAsserting(text, parameters));
    assert.equal(response.token_type, 'Bearer');
    return clientId;
  };
  const refuses = async (request: TokenRequest, code = 'invalid_client') => {
    const error = await refusalOf(it.oauth, request);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    return error.message;
  };
  const reasonAfter = async (request: TokenRequest) => {
    await refuses(request);
    const [event] = await it.auditEvents({ action: 'client.authentication_failed', limit: 1 });
    assert.doesNotMatch(JSON.stringify(event), /eyJ/);
    return [event?.detail.reason, event?.subjectId];
  };
  const seconds = (ahead: number) => it.clock.now().getTime() / 1000 + ahead;

  test('a key of each kind opens, named or not, under each name of its algorithm', async () => {
    for (const key of [es256, eddsa, rs256]) {
      assert.equal(await accepts(assertion({}, key)), client.id);
      await accepts(assertion({ header: { kid: undefined } }, key));
    }
    await accepts(assertion({ header: { alg: 'Ed25519' } }, eddsa));
    const unnamed = await makeClient(it, [], { jwks: { keys: [eddsa.publicJwk, es256.publicJwk] } });
    await accepts(assertion({}, es256, unnamed.id));
  });

  test('type, client_id, audience as a list and the case of the id may be there or not', async () => {
    for (const typ of ['JWT', 'jwt', 'application/JWT', 'client-authentication+jwt']) {
      await accepts(assertion({ header: { typ } }));
    }
    await accepts(assertion(), { client_id: client.id.toUpperCase() });
    await accepts(assertion({ claims: { aud: [PUBLIC_URL], iat: undefined, nbf: seconds(0) } }));
    await accepts(assertion({ claims: { exp: seconds(300), iat: seconds(-299) } }));
    const id = client.id.toUpperCase();
    assert.equal(await accepts(assertion({ claims: { iss: id, sub: id } })), client.id);
  });

  test('it opens once, also when it comes many times at once', async () => {
    const text = assertion();
    await accepts(text);
    assert.deepEqual(await reasonAfter(requestAsserting(text)), ['replayed_assertion', client.id]);
    const another = requestAsserting(assertion());
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => it.oauth.issueToken(another)));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    const jti = 'the same for two clients';
    await accepts(assertion({ claims: { jti } }));
    await accepts(assertion({ claims: { jti } }, es256, either.id));
    await refuses(requestAsserting(assertion({ claims: { jti, exp: seconds(90) } })));
  });

  test('who cannot sign cannot use up what another is about to use', async () => {
    const jti = 'about to be used';
    for (const text of [
      assertion({ claims: { jti } }, foreign),
      assertion({ claims: { jti }, signer: () => Buffer.alloc(64) }),
      assertion({ claims: { jti, aud: 'https://other.example' } }),
      assertion({ claims: { jti, exp: seconds(-60) } }),
    ]) {
      await refuses(requestAsserting(text));
    }
    await accepts(assertion({ claims: { jti } }));
  });

  test('no algorithm but that of the key is taken, none and the public key as a secret least of all', async () => {
    const pem = String(es256.publicKey.export({ type: 'spki', format: 'pem' }));
    const hmac = (key: string) => (input: string) => createHmac('sha256', key).update(input).digest();
    for (const changes of [
      { header: { alg: 'none' }, signer: () => Buffer.alloc(0) },
      { header: { alg: 'none' } },
      { header: { alg: 'HS256' }, signer: hmac(pem) },
      { header: { alg: 'HS256' }, signer: hmac(JSON.stringify({ ...es256.publicJwk, kid: es256.kid })) },
      { header: { alg: 'HS256', kid: undefined }, signer: hmac(pem) },
      { header: { alg: 'RS256' } },
      { header: { alg: 'ES384' } },
      { header: { alg: ['ES256'] } },
      { header: { alg: undefined } },
    ]) {
      assert.deepEqual(await reasonAfter(requestAsserting(assertion(changes))), [
        'wrong_assertion',
        client.id,
      ]);
    }
  });

  test('neither the key of another client nor one that the assertion brings along opens', async () => {
    const stranger = await makeClient(it, [], { jwks: keySetOf(foreign) });
    await accepts(assertion({}, foreign, stranger.id));
    for (const header of [
      {},
      { kid: es256.kid },
      { kid: undefined },
      { jwk: foreign.publicJwk },
      { jku: 'https://keys.example' },
    ]) {
      await refuses(requestAsserting(assertion({ header }, foreign)));
    }
    for (const header of [{ crit: ['b64'], b64: true }, { typ: 'at+jwt' }, { typ: '' }, { kid: 7 }]) {
      await refuses(requestAsserting(assertion({ header })));
    }
  });

  test('a token of ours is no assertion', async () => {
    const { response } = await it.oauth.issueToken(requestAsserting(assertion(), { resource: PUBLIC_URL }));
    await refuses(requestAsserting(response.access_token));
  });

  test('it is for this issuer and nobody else', async () => {
    for (const aud of [
      `${PUBLIC_URL}/`,
      `${PUBLIC_URL}/api/v1/auth/token`,
      'https://other.example',
      [PUBLIC_URL, 'https://other.example'],
      [[PUBLIC_URL]],
      [],
      '',
      null,
      undefined,
    ]) {
      assert.match(await refuses(requestAsserting(assertion({ claims: { aud } }))), /aud .* must be https/);
    }
  });

  test('it lives for minutes', async () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ exp: undefined }, /exp/],
      [{ exp: '2100' }, /exp/],
      [{ exp: seconds(-30) }, /expired/],
      [{ exp: seconds(331) }, /within 300/],
      [{ exp: seconds(86_400), iat: seconds(0) }, /within 300/],
      [{ iat: seconds(-331) }, /iat/],
      [{ iat: seconds(31) }, /iat/],
      [{ iat: 'now' }, /iat/],
      [{ nbf: seconds(31) }, /not valid yet/],
      [{ nbf: null }, /not valid yet/],
      [{ jti: undefined }, /jti/],
      [{ jti: '' }, /jti/],
      [{ jti: 7 }, /jti/],
      [{ jti: 'j'.repeat(257) }, /jti/],
    ];
    for (const [claims, message] of cases) {
      assert.match(await refuses(requestAsserting(assertion({ claims }))), message);
    }
    const late = assertion({ claims: { jti: 'j'.repeat(256) } });
    it.clock.advance(89);
    await accepts(late);
    it.clock.advance(1);
    assert.match(await refuses(requestAsserting(late)), /expired/);
  });

  test('issuer and subject are the client, as a JWT, with the type that says so', async () => {
    for (const claims of [{ iss: NOBODY }, { sub: NOBODY }, { sub: undefined }, { iss: '', sub: '' }]) {
      assert.match(await refuses(requestAsserting(assertion({ claims }))), /iss and sub/);
    }
    for (const text of ['x', 'a.b.c', `${assertion()}.`, ` ${assertion()}`, 'x'.repeat(100_000)]) {
      await refuses(requestAsserting(text));
    }
    for (const type of ['', 'jwt', 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer']) {
      const request = requestAsserting(assertion(), { client_assertion_type: type });
      assert.match(await refuses(request), /client_assertion_type/);
    }
    const other = requestAsserting(assertion(), { client_id: either.id });
    assert.match(await refuses(other, 'invalid_request'), /client_id differs/);
  });

  test('a client without a method of its own may use either, one with a method only that', async () => {
    await accepts(assertion({}, es256, either.id));
    await it.oauth.issueToken(requestBy(either));
    const secretOnly = await makeClient(it, [], {
      jwks: keySetOf(es256),
      tokenEndpointAuthMethod: 'client_secret_basic',
    });
    const request = requestAsserting(assertion({}, es256, secretOnly.id));
    assert.deepEqual(await reasonAfter(request), ['wrong_method', secretOnly.id]);
    const body = tokenRequest({ client_id: client.id, client_secret: 'x' });
    assert.deepEqual(await reasonAfter(body), ['wrong_secret', client.id]);
    const keyless = await makeClient(it);
    assert.deepEqual(await reasonAfter(requestAsserting(assertion({}, es256, keyless.id))), [
      'wrong_assertion',
      keyless.id,
    ]);
  });

  test('unknown, inactive and wrong get one answer for the same statement and signature', async () => {
    const inactive = await makeClient(it, [], { jwks: keySetOf(es256), isActive: false });
    const requests: Record<string, string> = {
      wrong: assertion({}, foreign),
      unnamed: assertion({ header: { kid: undefined } }, foreign),
      unknown: assertion({}, es256, NOBODY),
      noUuid: assertion({}, es256, "x' or 1=1 --"),
      inactive: assertion({}, es256, inactive.id),
    };
    const answers = [];
    for (const text of Object.values(requests)) {
      // As if nobody had been seen for long.
      it.clock.advance(6);
      suite.statements.length = 0;
      let error: Error | undefined;
      const verified = await countVerified(async () => {
        error = await refusalOf(it.oauth, requestAsserting(text));
      });
      answers.push([String(error), [...suite.statements], verified]);
    }
    assert.equal(answers[0]?.at(-1), 1);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.deepEqual(await reasonAfter(requestAsserting(assertion({}, es256, inactive.id))), [
      'inactive_client',
      inactive.id,
    ]);
    assert.deepEqual(await reasonAfter(requestAsserting(assertion({}, es256, NOBODY))), [
      'unknown_client',
      NOBODY,
    ]);
  });

  test('a token costs two statements, a secret one, of a client that is known one and none; nonsense none', async () => {
    const cost = async (request: TokenRequest) => {
      suite.statements.length = 0;
      await it.oauth.issueToken(request).catch(() => undefined);
      // What is done in the background is not on the bill.
      return suite.statements.filter((sql) => !/ctid|audit_events|signing_keys/.test(sql)).length;
    };
    assert.equal(await cost(requestAsserting(assertion())), 2);
    assert.equal(await cost(requestAsserting(assertion())), 1);
    assert.equal(await cost(requestBy(either)), 1);
    assert.equal(await cost(requestBy(either)), 0);
    assert.equal(await cost(requestAsserting(assertion({ claims: { aud: 'x' } }))), 0);
    assert.equal(await cost(requestAsserting(assertion({}, es256, 'x'.repeat(257)))), 0);
  });

  test('without PUBLIC_URL there is nobody that an assertion could be for', async () => {
    const without = await suite.build({ settings: { publicUrl: null } });
    for (const aud of [PUBLIC_URL, '', undefined]) {
      const error = await refusalOf(without.oauth, requestAsserting(assertion({ claims: { aud } })));
      assert.equal(error.code, 'public_url_missing');
    }
  });
});
