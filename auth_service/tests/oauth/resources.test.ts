import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { verifyToken } from '#keys';
import {
  makeClient,
  PUBLIC_URL,
  readToken,
  requestBy,
  type TestClient,
  type TestOauth,
} from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

const ORDERS = 'https://orders.example.com/api';
const STOCK = 'urn:example:stock';
const ROOT = 'https://root.example.com/';
const LEGACY_ISSUER = 'paservices_auth_service';

describeOauth('resource indicators', (suite) => {
  let it: TestOauth;
  let shared: TestOauth;
  let client: TestClient;

  before(async () => {
    it = await suite.build();
    shared = await suite.build({ settings: { algorithm: 'HS256', issuer: LEGACY_ISSUER } });
    client = await makeClient(it, [], {
      allowedResources: [ORDERS, STOCK, ROOT, `${PUBLIC_URL.toUpperCase()}/`],
    });
  });

  const issue = async (resource: string | readonly string[], from = it) => {
    const { response } = await from.oauth.issueToken(requestBy(client, { resource }));
    return { token: response.access_token, ...readToken(response.access_token) };
  };
  const audFor = async (resource: string | readonly string[]) => (await issue(resource)).claims.aud;
  const refuses = async (resource: string | readonly string[], from = it) => {
    const error = await refusalOf(from.oauth, requestBy(client, { resource }));
    assert.equal(error.code, 'invalid_target');
    return error.message;
  };

  test('without resource the audience is the configured one', async () => {
    assert.equal(await audFor(''), 'paservices_microservices');
    assert.equal(await audFor([]), 'paservices_microservices');
  });

  test('one resource is the audience, several are a list, each once', async () => {
    assert.equal(await audFor(ORDERS), ORDERS);
    assert.deepEqual(await audFor([STOCK, ORDERS]), [STOCK, ORDERS]);
    assert.equal(await audFor([ORDERS, `${ORDERS}/`, ORDERS]), ORDERS);
  });

  test('spellings of one URI are one resource, named as it was registered', async () => {
    for (const spelling of [`${ORDERS}/`, 'HTTPS://Orders.Example.com:443/api']) {
      assert.equal(await audFor(spelling), ORDERS);
    }
    assert.equal(await audFor('https://root.example.com'), ROOT);
  });

  test('what was not registered is refused', async () => {
    for (const resource of [
      'https://orders.example.com',
      `${ORDERS}/v2`,
      `${ORDERS}?tenant=1`,
      `${ORDERS}//`,
      'http://orders.example.com/api',
      'https://orders.example.com.evil.example/api',
      'https://user@orders.example.com/api',
      `${PUBLIC_URL}/api/v1`,
      'paservices_microservices',
    ]) {
      await refuses(resource);
      await refuses([ORDERS, resource]);
    }
  });

  test('what is no absolute URI without fragment is refused', async () => {
    for (const resource of [
      `${ORDERS}#`,
      `${ORDERS}#part`,
      '/api',
      'orders',
      `${ORDERS} `,
      ` ${ORDERS}`,
      'https://',
    ]) {
      assert.match(await refuses(resource), /absolute URI|not allowed/);
    }
    await refuses(`https://orders.example.com/${'x'.repeat(5000)}`);
    await refuses(Array.from({ length: 33 }, () => ORDERS));
  });

  test('every client may ask for a token for PUBLIC_URL, in every spelling', async () => {
    for (const spelling of [PUBLIC_URL, `${PUBLIC_URL}/`, `${PUBLIC_URL}:443`, PUBLIC_URL.toUpperCase()]) {
      const { claims } = await issue(spelling);
      assert.deepEqual([claims.iss, claims.aud], [PUBLIC_URL, PUBLIC_URL]);
    }
    const other = await makeClient(it);
    const { response } = await it.oauth.issueToken(requestBy(other, { resource: PUBLIC_URL }));
    assert.equal(readToken(response.access_token).claims.aud, PUBLIC_URL);
  });

  test('PUBLIC_URL shares a token with nobody, however it is spelled or registered', async () => {
    for (const from of [it, shared]) {
      assert.match(await refuses([PUBLIC_URL, ORDERS], from), /token of its own/);
      await refuses([ORDERS, `${PUBLIC_URL}/`], from);
      await refuses([ORDERS, `${PUBLIC_URL.toUpperCase()}/`, STOCK], from);
    }
  });

  test('with a shared secret a token for PUBLIC_URL is ring-signed and issued by PUBLIC_URL', async () => {
    const { token, header, claims } = await issue(PUBLIC_URL, shared);
    assert.equal(header.alg, 'ES256');
    assert.equal(claims.iss, PUBLIC_URL);
    verifyToken(
      token,
      {
        issuer: PUBLIC_URL,
        audience: PUBLIC_URL,
        typ: 'at+jwt',
        findKeys: (kid) => [shared.ring.findKey(kid ?? '')].filter((key) => key !== null),
        clockToleranceSeconds: 0,
      },
      shared.clock.now(),
    );
  });

  test('with a shared secret every other token is HS256 under the configured issuer', async () => {
    for (const resource of ['', ORDERS, [ORDERS, STOCK]]) {
      const { header, claims } = await issue(resource, shared);
      assert.equal(header.alg, 'HS256');
      assert.equal(claims.iss, LEGACY_ISSUER);
    }
  });

  test('without PUBLIC_URL nothing stands for it', async () => {
    const without = await suite.build({ settings: { publicUrl: null, issuer: LEGACY_ISSUER } });
    const other = await makeClient(without);
    const error = await refusalOf(without.oauth, requestBy(other, { resource: PUBLIC_URL }));
    assert.equal(error.code, 'invalid_target');
  });
});
