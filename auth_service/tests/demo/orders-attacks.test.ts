import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import {
  foreignKey,
  hmacWithPublicKey,
  signWith,
  type TokenPart,
  unsigned,
  withBrokenSignature,
  withClaims,
} from '../../../scripts/demo/forge.ts';
import { AUDIENCE, goodClaims, ISSUER, KID, listen, openOrders, type Reply, send } from './orders-stage.ts';

function assertRefused(reply: Reply): void {
  assert.equal(reply.status, 401);
  assert.match(reply.challenge ?? '', /^Bearer error="invalid_token", error_description="[^"\\]+"$/);
  assert.equal(reply.contentType, 'application/problem+json');
  assert.equal(reply.body.status, 401);
}

test('a good token with the permission is let in', async (t) => {
  const { get, mint } = await openOrders(t);
  const reply = await get(mint());
  assert.equal(reply.status, 200);
  assert.deepEqual(reply.body, { orders: [] });
});

test('one audience among several is enough', async (t) => {
  const { get, mint } = await openOrders(t);
  assert.equal((await get(mint({ aud: ['billing', AUDIENCE] }))).status, 200);
});

for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
  test(`a token signed with ${algorithm} is let in`, async (t) => {
    const { get, keyServer } = await openOrders(t);
    const { publicKey, privateKey } = await generateKeyPair(algorithm);
    keyServer.keys.push({ ...(await exportJWK(publicKey)), kid: algorithm, alg: algorithm });
    const token = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: algorithm })
      .sign(privateKey);
    assert.equal((await get(token)).status, 200);
  });
}

describe('claims that are not as they must be', () => {
  const now = Math.floor(Date.now() / 1000);
  const refused: [string, TokenPart, TokenPart?][] = [
    ['another issuer', { iss: 'https://other.example' }],
    ['an issuer with a slash more', { iss: `${ISSUER}/` }],
    ['issuers in an array', { iss: [ISSUER] }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'billing' }],
    ['an audience that only begins alike', { aud: `${AUDIENCE}-admin` }],
    ['no audience', { aud: undefined }],
    ['an expiry that has passed', { exp: now - 1 }],
    ['no expiry', { exp: undefined }],
    ['an expiry as text', { exp: String(now + 900) }],
    ['an expiry of null', { exp: null }],
    ['a start that is yet to come', { nbf: now + 600 }],
    ['no subject', { sub: undefined }],
    ['typ JWT', {}, { typ: 'JWT' }],
    ['no typ', {}, { typ: undefined }],
    ['another token_type', { token_type: 'user_access' }],
    ['no token_type', { token_type: undefined }],
    ['token_type in an array', { token_type: ['m2m_access'] }],
  ];
  for (const [what, claims, header] of refused) {
    test(`${what} is refused`, async (t) => {
      const { get, mint } = await openOrders(t);
      assertRefused(await get(mint(claims, header)));
    });
  }
});

describe('signatures that are not the issuer’s', () => {
  test('alg none is refused, with and without a signature left in place', async (t) => {
    const { get, header, claims, mint } = await openOrders(t);
    assertRefused(await get(unsigned(header, claims())));
    assertRefused(await get(`${unsigned(header, claims())}${mint().split('.')[2]}`));
    for (const alg of ['None', 'NONE', 'nOnE']) assertRefused(await get(mint({}, { alg })));
  });

  test('HS256 with the public key as secret is refused', async (t) => {
    const { get, header, claims, publicJwk } = await openOrders(t);
    assertRefused(await get(hmacWithPublicKey(publicJwk, header, claims())));
  });

  test('a shared secret in the key set does not open HS256', async (t) => {
    const { get, keyServer } = await openOrders(t);
    const secret = Buffer.alloc(32, 7);
    keyServer.keys.push({ kty: 'oct', k: secret.toString('base64url'), kid: 'shared', alg: 'HS256' });
    const token = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'shared' })
      .sign(secret);
    assertRefused(await get(token));
  });

  test('an unknown kid is refused', async (t) => {
    const { get, mint } = await openOrders(t);
    assertRefused(await get(mint({}, { kid: 'unknown' })));
  });

  test('a kid of the wrong type, or one that names a path, is refused', async (t) => {
    const { get, mint } = await openOrders(t);
    for (const kid of [7, null, [KID], { toString: KID }, '../../dev/null', '__proto__', ''])
      assertRefused(await get(mint({}, { kid })));
  });

  test('without a kid a token is refused when two keys could have signed it', async (t) => {
    const { get, keyServer, mint } = await openOrders(t);
    const { d: _private, ...other } = foreignKey().export({ format: 'jwk' });
    keyServer.keys.push({ ...other, kid: 'next', alg: 'ES256' });
    assertRefused(await get(mint({}, { kid: undefined })));
  });

  test('a foreign key under our kid is refused', async (t) => {
    const { get, header, claims } = await openOrders(t);
    assertRefused(await get(signWith(foreignKey(), header, claims())));
  });

  test('claims changed under the signature, or a signature changed under the claims, are refused', async (t) => {
    const { get, mint } = await openOrders(t);
    assertRefused(await get(withClaims(mint(), { permissions: ['orders:read', 'orders:write'] })));
    assertRefused(await get(withBrokenSignature(mint())));
    assertRefused(await get(mint().slice(0, -4)));
  });

  test('a signature of zeros is refused', async (t) => {
    const { get, mint } = await openOrders(t);
    const [header, claims] = mint().split('.');
    assertRefused(await get([header, claims, Buffer.alloc(64).toString('base64url')].join('.')));
  });

  test('a header that claims another algorithm than its key has is refused', async (t) => {
    const { get, mint } = await openOrders(t);
    for (const alg of ['RS256', 'EdDSA', 'ES384', 'PS256']) assertRefused(await get(mint({}, { alg })));
  });

  test('a critical extension nobody knows is refused', async (t) => {
    const { get, mint } = await openOrders(t);
    assertRefused(await get(mint({}, { crit: ['urn:example:must'], 'urn:example:must': true })));
  });

  test('a key that the token brings along is not used, nor is its address called', async (t) => {
    const { get, claims, header } = await openOrders(t);
    const own = foreignKey();
    const { d: _private, ...jwk } = own.export({ format: 'jwk' });
    let calls = 0;
    const { createServer } = await import('node:http');
    const thief = await listen(
      t,
      createServer((_, response) => {
        calls += 1;
        response.end(JSON.stringify({ keys: [{ ...jwk, kid: 'own' }] }));
      }),
    );
    assertRefused(await get(signWith(own, { ...header, jwk }, claims())));
    assertRefused(await get(signWith(own, { ...header, kid: 'own', jwk }, claims())));
    assertRefused(await get(signWith(own, { ...header, kid: 'own', jku: thief, x5u: thief }, claims())));
    assert.equal(calls, 0);
  });
});

describe('permissions', () => {
  const forbidden: [string, TokenPart][] = [
    ['none', { permissions: [] }],
    ['no claim at all', { permissions: undefined }],
    ['a name that only begins alike', { permissions: ['orders:readx'] }],
    ['a name that is only the beginning', { permissions: ['orders:rea', 'orders'] }],
    ['another letter case', { permissions: ['Orders:Read'] }],
    ['a wildcard', { permissions: ['*', 'orders:*'] }],
    ['text in place of an array', { permissions: 'orders:read' }],
    ['text that holds the name', { permissions: 'orders:read orders:write' }],
    ['an object with the name as key', { permissions: { 'orders:read': true } }],
    ['an array within the array', { permissions: [['orders:read']] }],
    ['the name in scope only', { permissions: [], scope: 'orders:read' }],
    ['the name in roles only', { permissions: [], roles: ['orders:read', 'admin'] }],
  ];
  for (const [what, claims] of forbidden) {
    test(`${what}: 403, naming what is missing`, async (t) => {
      const { get, mint } = await openOrders(t);
      const reply = await get(mint(claims));
      assert.equal(reply.status, 403);
      assert.equal(reply.challenge, 'Bearer error="insufficient_scope", scope="orders:read"');
      assert.equal(reply.contentType, 'application/problem+json');
      assert.match(String(reply.body.detail), /orders:read/);
    });
  }

  test('to read is not to write, and to write is not to read', async (t) => {
    const { get, mint, url } = await openOrders(t);
    const post = (token: string) =>
      send(
        `${url}/orders`,
        { Authorization: `Bearer ${token}` },
        { method: 'POST', body: '{"item":"a book"}' },
      );
    assert.equal((await post(mint())).status, 403);
    const writer = mint({ permissions: ['orders:write'] });
    const placed = await post(writer);
    assert.equal(placed.status, 201);
    assert.deepEqual(placed.body, { id: 1, item: 'a book', orderedBy: goodClaims().sub });
    assert.equal((await get(writer)).status, 403);
    assert.deepEqual((await get(mint())).body, { orders: [placed.body] });
  });
});
