import assert from 'node:assert/strict';
import type { JsonWebKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { generateKeyPair, importPublicJwk, sign, verify } from '#crypto';

describe('a public JWK', () => {
  it('verifies what its other half has signed, with the one algorithm that its type is for', async () => {
    for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
      const { privateKey, publicJwk } = await generateKeyPair(algorithm);
      for (const extra of [{}, { use: 'sig', alg: algorithm, key_ops: ['verify'], kid: 'a', other: 1 }]) {
        const imported = importPublicJwk({ ...publicJwk, ...extra });
        assert.equal(imported.algorithm, algorithm);
        assert.ok(verify(algorithm, imported.publicKey, 'data', sign(algorithm, privateKey, 'data')));
      }
    }
    const { publicJwk } = await generateKeyPair('EdDSA');
    assert.equal(importPublicJwk({ ...publicJwk, alg: 'Ed25519' }).algorithm, 'EdDSA');
  });

  it('is neither shared, private, foreign, weak nor for something else', async () => {
    const { publicJwk: ec } = await generateKeyPair('ES256');
    const { publicJwk: rsa } = await generateKeyPair('RS256');
    const wrong: [JsonWebKey, RegExp][] = [
      [{ kty: 'oct', k: 'eA' }, /shared secret/],
      [{ ...ec, d: '' }, /private member "d"/],
      [{ ...ec, crv: 'P-384' }, /another type/],
      [{ ...ec, y: ec.x as string }, /well-formed/],
      [{ ...ec, alg: 'Ed25519' }, /alg/],
      [{ ...ec, use: 'enc' }, /use/],
      [{ ...ec, key_ops: [] }, /key_ops/],
      [{ ...rsa, e: 'AQ' }, /exponent/],
      [{ ...rsa, e: 'AQAAAAE' }, /exponent/],
      [{ ...rsa, n: Buffer.alloc(1025, 0xff).toString('base64url') }, /8200 bits/],
      [{ ...rsa, n: Buffer.alloc(255, 0xff).toString('base64url') }, /2040 bits/],
    ];
    for (const [jwk, message] of wrong) {
      assert.throws(
        () => importPublicJwk(jwk),
        (error) => error instanceof TypeError && message.test(error.message),
        JSON.stringify(jwk),
      );
    }
  });
});
