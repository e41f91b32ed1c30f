import assert from 'node:assert/strict';
import { createHmac, type JsonWebKey, sign as nodeSign } from 'node:crypto';
import { describe, it } from 'node:test';
import { createSharedSecretKeys } from '#keys';
import {
  assemble,
  assertAccepted,
  assertRefused,
  encode,
  goodClaims,
  goodHeader,
  makeKey,
  policyFor,
  signedBy,
  token,
} from './token-builder.ts';

const es256 = await makeKey('ES256');
const rs256 = await makeKey('RS256');
const eddsa = await makeKey('EdDSA');
const ring = [es256, rs256, eddsa];
const policy = policyFor(ring);

const UNKNOWN_KEY = /no key and algorithm/;
const BAD_SIGNATURE = /signature/;
const MALFORMED = /malformed/;

describe('attacks on the algorithm', () => {
  it('let the honest token through, so that the refusals below mean something', () => {
    for (const key of ring) assert.deepEqual({ ...assertAccepted(token(key), policy) }, goodClaims());
  });

  it('"none" in any case is refused, without and with a signature', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', ' none']) {
      const header = goodHeader(es256, { alg });
      assertRefused(
        assemble(header, goodClaims(), () => Buffer.alloc(0)),
        policy,
        UNKNOWN_KEY,
      );
      assertRefused(token(es256, goodClaims(), header), policy, UNKNOWN_KEY);
      const withoutKid = { alg, typ: 'at+jwt' };
      assertRefused(
        assemble(withoutKid, goodClaims(), () => Buffer.alloc(0)),
        policy,
        UNKNOWN_KEY,
      );
    }
  });

  it('"Ed25519" is EdDSA, and no other name is any algorithm', () => {
    assertAccepted(token(eddsa, goodClaims(), goodHeader(eddsa, { alg: 'Ed25519' })), policy);
    for (const alg of ['ed25519', 'Ed448', 'ESP256', 'EDDSA', ['EdDSA']]) {
      assertRefused(token(eddsa, goodClaims(), goodHeader(eddsa, { alg })), policy, UNKNOWN_KEY);
    }
    assertRefused(token(es256, goodClaims(), goodHeader(es256, { alg: 'Ed25519' })), policy, UNKNOWN_KEY);
  });

  it('HS256 with a public key as its secret is refused, whatever form the key takes', () => {
    for (const key of ring) {
      const { x, n } = key.publicJwk;
      const secrets: readonly (string | Buffer)[] = [
        key.publicKey.export({ type: 'spki', format: 'pem' }),
        key.publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
        key.publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(key.publicJwk),
        JSON.stringify({ ...key.publicJwk, kid: key.kid, alg: key.algorithm, use: 'sig' }),
        Buffer.from(x ?? n ?? '', 'base64url'),
        Buffer.from(`${x}${key.publicJwk.y}`, 'base64url'),
        key.kid,
        '',
      ];
      for (const secret of secrets) {
        const hmac = (input: string) => createHmac('sha256', secret).update(input).digest();
        assertRefused(assemble(goodHeader(key, { alg: 'HS256' }), goodClaims(), hmac), policy, UNKNOWN_KEY);
        assertRefused(assemble(goodHeader(key), goodClaims(), hmac), policy, BAD_SIGNATURE);
      }
    }
  });

  it('an algorithm that is not the one of the key is refused', () => {
    for (const alg of [
      'RS256',
      'EdDSA',
      'Ed25519',
      'ES384',
      'es256',
      'PS256',
      ['ES256'],
      null,
      0,
      undefined,
    ]) {
      assertRefused(token(es256, goodClaims(), goodHeader(es256, { alg })), policy, UNKNOWN_KEY);
    }
  });

  it('a shared secret takes HS256 alone', () => {
    const shared = createSharedSecretKeys({ secret: 'x'.repeat(32), previous: null });
    const sharedPolicy = policyFor(shared.keys);
    assertAccepted(shared.signToken(goodClaims(), 'at+jwt'), sharedPolicy);
    assertRefused(token(es256), sharedPolicy, UNKNOWN_KEY);
    for (const alg of ['HS384', 'HS512', 'none']) {
      const hmac = (input: string) => createHmac('sha256', 'x'.repeat(32)).update(input).digest();
      assertRefused(assemble({ alg, typ: 'at+jwt' }, goodClaims(), hmac), sharedPolicy, UNKNOWN_KEY);
    }
  });
});

describe('attacks on the key', () => {
  it('an unknown kid is refused', async () => {
    const stranger = await makeKey('ES256');
    assertRefused(token(stranger), policy, UNKNOWN_KEY);
    assertRefused(token(stranger, goodClaims(), goodHeader(es256)), policy, BAD_SIGNATURE);
    for (const kid of [
      '',
      '__proto__',
      'constructor',
      `${es256.kid}\u0000`,
      '../../dev/null',
      "' or 1=1 --",
    ]) {
      assertRefused(token(es256, goodClaims(), goodHeader(es256, { kid })), policy, UNKNOWN_KEY);
    }
  });

  it('a missing kid is refused where keys have one, even by a policy that hands out every key', () => {
    const header = { alg: 'ES256', typ: 'at+jwt' };
    const careless = policyFor(ring, { findKeys: () => ring });
    assertRefused(token(es256, goodClaims(), header), policy, UNKNOWN_KEY);
    assertRefused(token(es256, goodClaims(), header), careless, UNKNOWN_KEY);
  });

  it('a kid that is no text is refused', () => {
    for (const kid of [1, null, {}, [es256.kid], true]) {
      assertRefused(token(es256, goodClaims(), goodHeader(es256, { kid })), policy, MALFORMED);
    }
  });

  it('keys that the token brings along are ignored', async () => {
    const stranger = await makeKey('ES256');
    const jwk: JsonWebKey = { ...stranger.publicJwk, kid: es256.kid, alg: 'ES256' };
    const url = 'https://evil.example.com/keys';
    for (const brought of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['AAAA'] }, { x5t: 'AAAA' }]) {
      assertRefused(token(stranger, goodClaims(), goodHeader(es256, brought)), policy, BAD_SIGNATURE);
      assertRefused(token(stranger, goodClaims(), goodHeader(stranger, brought)), policy, UNKNOWN_KEY);
      assertAccepted(token(es256, goodClaims(), goodHeader(es256, brought)), policy);
    }
  });

  it('the signature of one key is not taken for another of the ring', () => {
    for (const key of ring) {
      for (const other of ring.filter((one) => one !== key)) {
        assertRefused(assemble(goodHeader(key), goodClaims(), signedBy(other)), policy, BAD_SIGNATURE);
      }
    }
  });
});

describe('attacks on the signature', () => {
  it('an altered header, payload or signature is refused', () => {
    for (const key of ring) {
      const [header, payload, signature] = token(key).split('.');
      const other = token(key, goodClaims({ sub: 'someone-else' })).split('.')[1];
      const otherHeader = encode(goodHeader(key, { extra: 1 }));
      assertRefused(`${otherHeader}.${payload}.${signature}`, policy, BAD_SIGNATURE);
      assertRefused(`${header}.${other}.${signature}`, policy, BAD_SIGNATURE);
      const bytes = Buffer.from(signature ?? '', 'base64url');
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ 0x01;
        assertRefused(`${header}.${payload}.${altered.toString('base64url')}`, policy, BAD_SIGNATURE);
      }
    }
  });

  it('an ES256 signature in DER, of another length, or of zeros is refused', () => {
    const der = (input: string) => nodeSign('sha256', Buffer.from(input), es256.privateKey);
    assertRefused(assemble(goodHeader(es256), goodClaims(), der), policy, BAD_SIGNATURE);
    const right = signedBy(es256);
    const forms: readonly ((input: string) => Buffer)[] = [
      (input) => right(input).subarray(0, 63),
      (input) => Buffer.concat([right(input), Buffer.alloc(1)]),
      (input) => Buffer.concat([Buffer.alloc(1), right(input)]),
      (input) => Buffer.concat([right(input), right(input)]),
      (input) => Buffer.concat([right(input).subarray(0, 32), Buffer.alloc(1), right(input).subarray(32)]),
      () => Buffer.alloc(64),
      () => Buffer.alloc(64, 0xff),
      () => Buffer.concat([Buffer.alloc(63), Buffer.from([1])]),
      () => Buffer.alloc(0),
    ];
    for (const form of forms) {
      assertRefused(assemble(goodHeader(es256), goodClaims(), form), policy, BAD_SIGNATURE);
    }
  });

  it('an empty or missing signature is refused', () => {
    const [header, payload] = token(es256).split('.');
    assertRefused(`${header}.${payload}.`, policy, BAD_SIGNATURE);
    assertRefused(`${header}.${payload}`, policy, MALFORMED);
  });
});
