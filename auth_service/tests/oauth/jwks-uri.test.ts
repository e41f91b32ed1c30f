import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ServiceError } from '#errors';
import { createKeySetFetch, type FetchKeySet } from '#oauth';
import { makeKey, type TestKey } from '../keys/token-builder.ts';
import { assertionBy, keySetOf, requestAsserting } from './assertion-builder.ts';
import { makeClient, type TestClient, type TestOauth } from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { startKeyServer } from './network/key-server.ts';
import { startNameServer } from './network/name-server.ts';
import { refusalOf } from './token-builders.ts';

const [first, second, third] = await Promise.all([makeKey('ES256'), makeKey('EdDSA'), makeKey('ES256')]);
const MINUTE = 60;
const UNFETCHED = 'The keys of the client cannot be fetched from its jwks_uri: ';
const jwks = keySetOf(first);

describeOauth('keys behind a jwks_uri', (suite) => {
  let it: TestOauth;
  let client: TestClient;
  let answer: () => Promise<unknown> | unknown;
  const asked: string[] = [];
  const fetchKeySet: FetchKeySet = async (uri) => {
    asked.push(uri);
    return await answer();
  };
  let made = 0;
  const makeRemote = (input = {}) => {
    made += 1;
    return makeClient(it, [], { jwksUri: `https://keys.example/${made}`, ...input });
  };

  before(async () => {
    it = await suite.build({ fetchKeySet });
  });

  const give = (...keys: TestKey[]) => {
    answer = () => keySetOf(...keys);
  };
  const failing = () => {
    answer = () => Promise.reject(new Error('nobody is there'));
  };
  const requestBy = (key: TestKey, header = {}, { id } = client) =>
    requestAsserting(assertionBy(id, key, it.clock.now(), { header }));
  const opens = (key: TestKey, header = {}) => it.oauth.issueToken(requestBy(key, header));
  const refuses = async (key: TestKey, code = 'invalid_client', header = {}) => {
    const error = await refusalOf(it.oauth, requestBy(key, header));
    assert.equal(error.code, code);
    return error;
  };
  const answerOf = ({ code, message, retryAfterSeconds }: ServiceError) => ({
    code,
    message,
    retryAfterSeconds,
  });
  const causeOf = async (subjectId: string) => {
    const [event] = await it.auditEvents({ action: 'client.authentication_failed', subjectId });
    return event?.detail.cause;
  };
  const fresh = async (...keys: TestKey[]) => {
    client = await makeRemote();
    give(...keys);
    asked.length = 0;
  };

  test('they are fetched once, and again after ten minutes', async () => {
    await fresh(first);
    for (let n = 0; n < 3; n += 1) await opens(first);
    it.clock.advance(10 * MINUTE - 1);
    await opens(first);
    assert.deepEqual(asked, [`https://keys.example/${made}`]);
    it.clock.advance(1);
    give(second);
    await refuses(first);
    await opens(second);
    assert.equal(asked.length, 2);
  });

  test('many at once cause one fetch', async () => {
    await fresh(first);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    answer = () => promise;
    const requests = Array.from({ length: 20 }, () => opens(first));
    resolve(keySetOf(first));
    await Promise.all(requests);
    assert.equal(asked.length, 1);
  });

  test('a new key is found as soon as it is named, and strangers cannot make us ask without end', async () => {
    await fresh(first);
    await opens(first);
    give(first, second);
    await refuses(second);
    it.clock.advance(30);
    await opens(second);
    assert.equal(asked.length, 2);
    for (let n = 0; n < 10; n += 1) {
      await refuses(third);
      await refuses(third, 'invalid_client', { kid: `made up ${n}` });
    }
    it.clock.advance(29);
    await refuses(third);
    assert.equal(asked.length, 2);
    it.clock.advance(1);
    await Promise.all([refuses(third), refuses(third), opens(first)]);
    assert.equal(asked.length, 3);
  });

  test('keys that cannot be fetched again stay in use for an hour', async () => {
    await fresh(first);
    await opens(first);
    failing();
    it.clock.advance(10 * MINUTE);
    await opens(first);
    await opens(first);
    assert.equal(asked.length, 2);
    assert.ok(
      it.logged.some(({ message, client_id }) => /jwks_uri/.test(`${message}`) && client_id === client.id),
    );
    it.clock.advance(50 * MINUTE - 1);
    await opens(first);
    await refuses(third);
    it.clock.advance(1);
    await refuses(first);
    it.clock.advance(30);
    give(first);
    await opens(first);
  });

  test('keys that cannot be had are a failure like any other to who asks, tried once in 30 s', async () => {
    await fresh();
    failing();
    const unfetched = await refuses(first);
    await refuses(third);
    assert.equal(asked.length, 1);
    const wrong = await refusalOf(it.oauth, requestBy(third, {}, await makeClient(it, [], { jwks })));
    assert.deepEqual(answerOf(unfetched), answerOf(wrong));
    assert.deepEqual(Object.keys(unfetched), Object.keys(wrong));
    const events = await it.auditEvents({ action: 'client.authentication_failed', subjectId: client.id });
    assert.deepEqual(
      events.map(({ detail }) => detail),
      [1, 2].map(() => ({ reason: 'keys_unavailable', cause: `${UNFETCHED}nobody is there` })),
    );
    const [said] = it.logged.filter((line) => line.client_id === client.id);
    assert.match(JSON.stringify(said), /nobody is there/);
    it.clock.advance(30);
    give(first);
    await opens(first);
    assert.equal(asked.length, 2);
  });

  test('an answer that is no key set counts as none, an empty one as no keys', async () => {
    for (const body of [null, [], 'keys', {}, { keys: null }, { keys: { 0: 1 } }]) {
      await fresh();
      answer = () => body;
      await refuses(first);
      assert.match(`${await causeOf(client.id)}`, /the answer is no JSON Web Key Set$/);
    }
    await fresh();
    await refuses(first);
  });

  test('keys that cannot be used are passed over, private ones among them', async () => {
    await fresh();
    const secret = { ...third.privateKey.export({ format: 'jwk' }), kid: third.kid };
    const odd = [null, 'x', {}, { kty: 'oct', k: 'eA' }, { kty: 'EC', crv: 'P-521' }, secret];
    answer = () => ({ keys: [...odd, ...keySetOf(first).keys] });
    await opens(first);
    await refuses(third);
  });

  test('one of twenty keys opens, one beyond them does not', async () => {
    const [last] = keySetOf(first).keys;
    for (const [before, isGood] of [
      [19, true],
      [20, false],
    ] as const) {
      await fresh();
      answer = () => ({ keys: [...Array(before).fill(keySetOf(third).keys[0]), last] });
      await (isGood ? opens(first) : refuses(first));
    }
  });

  test('an assertion without kid is tried with each, and alone makes nobody ask again', async () => {
    await fresh(second, first);
    await opens(first, { kid: undefined });
    give(third);
    it.clock.advance(5 * MINUTE);
    await refuses(third, 'invalid_client', { kid: undefined });
    assert.equal(asked.length, 1);
  });

  test('nothing is fetched for who gets no token anyway, nor for nonsense', async () => {
    const inactive = await makeRemote({ isActive: false });
    const secretOnly = await makeRemote({ tokenEndpointAuthMethod: 'client_secret_post' });
    asked.length = 0;
    for (const one of [inactive, secretOnly]) await refusalOf(it.oauth, requestBy(first, {}, one));
    client = await makeRemote();
    for (const claims of [{ aud: 'x' }, { exp: 1 }, { jti: '' }]) {
      const text = assertionBy(client.id, first, it.clock.now(), { claims });
      assert.equal((await refusalOf(it.oauth, requestAsserting(text))).code, 'invalid_client');
    }
    assert.deepEqual(asked, []);
  });

  test('who cannot be checked counts as a failure of its address', async () => {
    const rate = { limit: 2, windowSeconds: 60 };
    const limited = await suite.build({ fetchKeySet, limits: { ipFailures: rate, perClient: rate } });
    await fresh();
    failing();
    const codes = [];
    for (let n = 0; n < 4; n += 1) codes.push((await refusalOf(limited.oauth, requestBy(first))).code);
    assert.deepEqual(codes.slice(0, 2), ['invalid_client', 'invalid_client']);
    assert.deepEqual(codes.slice(2), ['rate_limited', 'rate_limited']);
  });

  test('over a real network they open as well', async () => {
    await using keys = await startKeyServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/jwk-set+json' });
      response.end(JSON.stringify(keySetOf(first)));
    });
    await using names = await startNameServer(() => ['127.0.0.1']);
    const real = await suite.build({
      fetchKeySet: createKeySetFetch({
        ca: keys.ca,
        nameServers: [names.address],
        isAllowedAddress: (address) => address === '127.0.0.1',
      }),
    });
    const remote = await makeClient(real, [], {
      jwksUri: keys.urlOf('/jwks'),
      tokenEndpointAuthMethod: 'private_key_jwt',
    });
    const { clientId } = await real.oauth.issueToken(requestBy(first, {}, remote));
    assert.equal(clientId, remote.id);
    const refused = await refusalOf(real.oauth, requestBy(third, {}, remote));
    assert.equal(refused.code, 'invalid_client');
    assert.equal(keys.requests.length, 1);
  });
});
