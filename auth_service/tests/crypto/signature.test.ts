import assert from 'node:assert/strict';
import { verify as nodeVerify } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  type AsymmetricAlgorithm,
  exportPrivateKey,
  generateKeyPair,
  importPrivateKey,
  jwkThumbprint,
  sign,
  verify,
} from '#crypto';

const ALGORITHMS: readonly AsymmetricAlgorithm[] = ['ES256', 'EdDSA', 'RS256'];
const data = 'header.payload';

for (const algorithm of ALGORITHMS) {
  describe(`signatures with ${algorithm}`, () => {
    it('hold for text and bytes, with the key that was made and the one that was stored', async () => {
      const made = await generateKeyPair(algorithm);
      const stored = importPrivateKey(algorithm, exportPrivateKey(made.privateKey));
      assert.deepEqual(stored.publicJwk, made.publicJwk);
      assert.equal(verify(algorithm, stored.publicKey, data, sign(algorithm, made.privateKey, data)), true);
      const ofBytes = sign(algorithm, stored.privateKey, Buffer.from(data));
      assert.equal(verify(algorithm, made.publicKey, Buffer.from(data), ofBytes), true);
    });

    it('do not hold for other data or another key, nor once altered', async () => {
      const [pair, other] = [await generateKeyPair(algorithm), await generateKeyPair(algorithm)];
      const signature = sign(algorithm, pair.privateKey, data);
      assert.equal(verify(algorithm, pair.publicKey, `${data}.`, signature), false);
      assert.equal(verify(algorithm, other.publicKey, data, signature), false);
      for (const at of [0, signature.length - 1]) {
        const altered = Buffer.from(signature);
        altered[at] = (altered[at] ?? 0) ^ 1;
        assert.equal(verify(algorithm, pair.publicKey, data, altered), false);
      }
    });

    it('are false, not a throw, for what is no signature', async () => {
      const { publicKey } = await generateKeyPair(algorithm);
      for (const length of [0, 1, 63, 64, 65, 72, 256, 10_000]) {
        assert.equal(verify(algorithm, publicKey, data, Buffer.alloc(length)), false, `${length} zeros`);
        assert.equal(verify(algorithm, publicKey, data, Buffer.alloc(length, 0xff)), false, `${length} ones`);
      }
    });

    it('come from keys whose public part alone is in the JWK', async () => {
      const { publicJwk } = await generateKeyPair(algorithm);
      const members = {
        ES256: ['crv', 'kty', 'x', 'y'],
        EdDSA: ['crv', 'kty', 'x'],
        RS256: ['e', 'kty', 'n'],
      };
      assert.deepEqual(Object.keys(publicJwk).sort(), members[algorithm]);
    });

    it('are not made with a stored key of another algorithm', async () => {
      for (const other of ALGORITHMS.filter((one) => one !== algorithm)) {
        const { privateKey } = await generateKeyPair(other);
        assert.throws(() => importPrivateKey(algorithm, exportPrivateKey(privateKey)), TypeError);
      }
      assert.throws(() => importPrivateKey(algorithm, Buffer.from('no key')));
    });
  });
}

describe('signatures with ES256', () => {
  it('are 64 bytes in both directions whatever zeros r and s begin with', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const seen = new Set<string>();
    for (let count = 0; count < 10_000 && seen.size < 2; count += 1) {
      const signature = sign('ES256', privateKey, String(count));
      if (signature[0] === 0) seen.add('r');
      if (signature[32] === 0) seen.add('s');
      if (count >= 50 && signature[0] !== 0 && signature[32] !== 0) continue;
      assert.equal(signature.length, 64);
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
      assert.equal(nodeVerify('sha256', Buffer.from(String(count)), key, signature), true);
      assert.equal(verify('ES256', publicKey, String(count), signature), true);
    }
    assert.equal(seen.size, 2, 'no signature came up whose r, or s, begins with a zero');
  });
});

describe('signatures with ES256 of the right numbers', () => {
  it('do not hold in another length, so that one signature has one text', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const signature = sign('ES256', privateKey, data);
    const [r, s, zero] = [signature.subarray(0, 32), signature.subarray(32), Buffer.alloc(1)];
    assert.equal(verify('ES256', publicKey, data, Buffer.concat([r, s])), true);
    assert.equal(verify('ES256', publicKey, data, Buffer.concat([r, zero, s])), false);
  });
});

describe('JWK thumbprints', () => {
  it('agree with RFC 7638 §3.1, whatever other members there are', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3ok' +
      'njhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu' +
      '6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8a' +
      'wapJzKnqDKgw';
    const jwk = { kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' };
    assert.equal(jwkThumbprint(jwk), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('agree with RFC 8037 A.3', () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    assert.equal(jwkThumbprint(jwk), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('are refused for keys of no known type or without their members', () => {
    assert.throws(() => jwkThumbprint({ kty: 'oct', k: 'AAAA' }), TypeError);
    assert.throws(() => jwkThumbprint({ kty: 'EC', crv: 'P-256', x: 'AAAA' }), TypeError);
  });
});
