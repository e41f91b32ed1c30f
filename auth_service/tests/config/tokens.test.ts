import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf, names, production, productionFaults, warned } from './loading.ts';

const SECRET = 'Wq3kZx8s0dLr5tYbN1mVc7hJg2fKp4Ae';
const OTHER_SECRET = 'p4AeWq3kZx8s0dLr5tYbN1mVc7hJg2fK';
const KEY = Buffer.alloc(32, 0xfb);

describe('the algorithm', () => {
  const algorithmOf = (texts: Record<string, string>) => loadConfig(texts).tokens.algorithm;

  test('is HS256 with a shared secret and no algorithm named, else ES256', () => {
    assert.equal(algorithmOf({}), 'ES256');
    assert.equal(algorithmOf({ M2M_JWT_SECRET_KEY: SECRET }), 'HS256');
  });

  test('is the one that is named, in any case', () => {
    for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
      assert.equal(algorithmOf({ M2M_JWT_SECRET_KEY: SECRET, M2M_JWT_ALGORITHM: algorithm }), algorithm);
      assert.equal(algorithmOf({ M2M_JWT_ALGORITHM: algorithm.toLowerCase() }), algorithm);
    }
    assertOneFault(faultsOf({ M2M_JWT_ALGORITHM: 'none' }), 'M2M_JWT_ALGORITHM', /not one of HS256/);
  });

  test('HS256 without a secret is a fault', () => {
    assertOneFault(faultsOf({ M2M_JWT_ALGORITHM: 'HS256' }), 'M2M_JWT_SECRET_KEY', /HS256/);
  });

  test('the shared secret is handed on with HS256 only, the previous one always', () => {
    const texts = { M2M_JWT_SECRET_KEY: SECRET, M2M_JWT_SECRET_KEY_PREVIOUS: OTHER_SECRET };
    const shared = loadConfig(texts).tokens;
    assert.deepEqual([shared.sharedSecret, shared.previousSharedSecret], [SECRET, OTHER_SECRET]);
    const own = loadConfig({ ...texts, M2M_JWT_ALGORITHM: 'ES256' }).tokens;
    assert.deepEqual([own.sharedSecret, own.previousSharedSecret], [null, OTHER_SECRET]);
  });
});

describe('issuer and audience', () => {
  test('the issuer is the old name with HS256 and PUBLIC_URL with own keys', () => {
    assert.equal(production({ M2M_JWT_SECRET_KEY: SECRET }).tokens.issuer, 'paservices_auth_service');
    assert.equal(production().tokens.issuer, 'https://auth.example.com');
    assert.equal(production({ PUBLIC_URL: '' }).tokens.issuer, null);
    assert.equal(production({ M2M_JWT_ISSUER: 'me' }).tokens.issuer, 'me');
  });

  test('the audience has its default', () => {
    assert.equal(production().tokens.audience, 'paservices_microservices');
    assert.equal(production({ M2M_JWT_AUDIENCE: 'us' }).tokens.audience, 'us');
  });

  test('the audience of every token cannot be this service itself', () => {
    const own = { PUBLIC_URL: 'https://auth.example.com', M2M_JWT_AUDIENCE: 'https://auth.example.com/' };
    assertOneFault(faultsOf(own), 'M2M_JWT_AUDIENCE', /is PUBLIC_URL/);
  });

  test('machine tokens may not have the issuer of user tokens', () => {
    const supabase = { M2M_JWT_ISSUER: 'https://supabase.example.com/auth/v1' };
    assertOneFault(productionFaults(supabase), 'M2M_JWT_ISSUER', /user tokens/);
    for (const issuer of ['http://localhost:8000/auth/v1', 'http://localhost:8000/auth/v1/']) {
      assertOneFault(faultsOf({ M2M_JWT_ISSUER: issuer }), 'M2M_JWT_ISSUER', /user tokens/);
    }
    assertOneFault(
      productionFaults({ SUPABASE_JWT_ISSUER: 'https://auth.example.com' }),
      'M2M_JWT_ISSUER',
      /user tokens/,
    );
  });
});

describe('M2M_JWT_SECRET_KEY', () => {
  test('has at least 32 bytes in production, and is warned about in development', () => {
    const short = SECRET.slice(1);
    assertOneFault(productionFaults({ M2M_JWT_SECRET_KEY: short }), 'M2M_JWT_SECRET_KEY', /32 bytes/);
    assert.deepEqual(warned(loadConfig({ M2M_JWT_SECRET_KEY: short })), ['M2M_JWT_SECRET_KEY']);
    assert.equal(production({ M2M_JWT_SECRET_KEY: SECRET }).tokens.sharedSecret, SECRET);
    assert.equal(production({ M2M_JWT_SECRET_KEY: 'ä'.repeat(16) }).tokens.sharedSecret, 'ä'.repeat(16));
  });

  test('a short previous one is warned about', () => {
    const config = production({ M2M_JWT_SECRET_KEY: SECRET, M2M_JWT_SECRET_KEY_PREVIOUS: 'short' });
    assert.deepEqual(warned(config), ['M2M_JWT_SECRET_KEY_PREVIOUS']);
  });

  test('may not be the secret of Supabase, in any environment, the previous one neither', () => {
    const both = { M2M_JWT_SECRET_KEY: SECRET, SUPABASE_JWT_SECRET: SECRET };
    assertOneFault(productionFaults(both), 'M2M_JWT_SECRET_KEY', /SUPABASE_JWT_SECRET/);
    assertOneFault(faultsOf(both), 'M2M_JWT_SECRET_KEY', /SUPABASE_JWT_SECRET/);
    const previous = { M2M_JWT_SECRET_KEY_PREVIOUS: SECRET, SUPABASE_JWT_SECRET: SECRET };
    assertOneFault(productionFaults(previous), 'M2M_JWT_SECRET_KEY_PREVIOUS', /SUPABASE_JWT_SECRET/);
    production({ M2M_JWT_SECRET_KEY: SECRET, SUPABASE_JWT_SECRET: OTHER_SECRET });
  });
});

describe('ENCRYPTION_KEY', () => {
  const keysOf = (texts: Record<string, string>) => loadConfig(texts).encryption.keys;

  test('is 32 bytes in base64 or base64url, padded or not', () => {
    for (const text of [KEY.toString('base64'), KEY.toString('base64url'), `${KEY.toString('base64url')}=`]) {
      const keys = keysOf({ ENCRYPTION_KEY: text });
      assert.equal(keys.source, 'environment');
      assert.deepEqual(keys.current, KEY);
    }
  });

  test('of another length or notation is refused, with the length named', () => {
    const hex = 'ab'.repeat(32);
    assertOneFault(faultsOf({ ENCRYPTION_KEY: hex }), 'ENCRYPTION_KEY', /48 bytes where 32/);
    assertOneFault(faultsOf({ ENCRYPTION_KEY: 'not base64!' }), 'ENCRYPTION_KEY', /not base64/);
  });

  test('unset it is derived from the shared secret, whatever the algorithm', () => {
    for (const algorithm of ['HS256', 'ES256']) {
      const keys = keysOf({ M2M_JWT_SECRET_KEY: SECRET, M2M_JWT_ALGORITHM: algorithm });
      assert.equal(keys.source, 'derived');
      assert.deepEqual(keys.current, Buffer.from(SECRET));
    }
  });

  test('with nothing to derive it from, it is generated in development and testing only', () => {
    for (const environment of ['development', 'testing']) {
      assert.deepEqual(keysOf({ ENVIRONMENT: environment }), {
        source: 'generate',
        current: null,
        previous: [],
      });
    }
    assertOneFault(productionFaults({ ENCRYPTION_KEY: '' }), 'ENCRYPTION_KEY', /not set/);
  });

  test('a faulty shared secret is not followed by a missing key', () => {
    const texts = { ENCRYPTION_KEY: '', M2M_JWT_SECRET_KEY: 'your_secure_jwt_secret_for_m2m' };
    assert.deepEqual(names(productionFaults(texts)), ['M2M_JWT_SECRET_KEY']);
  });

  test('previous keys open what they sealed, and so do the shared secrets it may have been derived from', () => {
    const older = Buffer.alloc(32, 1);
    const keys = keysOf({
      ENCRYPTION_KEY: KEY.toString('base64'),
      ENCRYPTION_KEY_PREVIOUS: `${older.toString('base64')}, ${KEY.toString('base64url')}`,
      M2M_JWT_SECRET_KEY: SECRET,
      M2M_JWT_SECRET_KEY_PREVIOUS: OTHER_SECRET,
    });
    assert.deepEqual(keys.previous, [older, KEY, Buffer.from(OTHER_SECRET), Buffer.from(SECRET)]);
    const derived = keysOf({ M2M_JWT_SECRET_KEY: SECRET, M2M_JWT_SECRET_KEY_PREVIOUS: OTHER_SECRET });
    assert.deepEqual(derived.previous, [Buffer.from(OTHER_SECRET)]);
  });
});
