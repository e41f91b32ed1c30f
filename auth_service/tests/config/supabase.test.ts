import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertOneFault, names, production, productionFaults, type Texts, warned } from './loading.ts';

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

describe('Supabase', () => {
  const supabase = (changes: Texts) => {
    const { identity } = production(changes);
    assert.ok(identity.kind === 'supabase');
    return identity;
  };

  test('takes old and new keys', () => {
    const anon = jwt({ role: 'anon' });
    const service = jwt({ role: 'service_role' });
    const old = supabase({ SUPABASE_ANON_KEY: anon, SUPABASE_SERVICE_ROLE_KEY: service });
    assert.deepEqual([old.anonKey, old.serviceRoleKey], [anon, service]);
    supabase({ SUPABASE_ANON_KEY: 'sb_publishable_x', SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_x' });
  });

  test('keys that were swapped are refused', () => {
    const keys = [
      [jwt({ role: 'service_role' }), jwt({ role: 'anon' })],
      ['sb_secret_x', 'sb_publishable_x'],
    ];
    for (const [anon, service] of keys) {
      const faults = productionFaults({ SUPABASE_ANON_KEY: anon, SUPABASE_SERVICE_ROLE_KEY: service });
      assert.deepEqual(names(faults), ['SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY']);
    }
  });

  test('a key broken over two lines is refused', () => {
    assertOneFault(productionFaults({ SUPABASE_ANON_KEY: 'abc\ndef' }), 'SUPABASE_ANON_KEY', /line breaks/);
  });

  test('the URL comes without trailing slash and without /auth/v1', () => {
    assert.equal(supabase({ SUPABASE_URL: 'http://kong:8000/' }).url, 'http://kong:8000');
    const faults = productionFaults({ SUPABASE_URL: 'https://x.example.com/auth/v1' });
    assertOneFault(faults, 'SUPABASE_URL', /\/auth\/v1/);
  });

  test('issuers are named by comma; none adds tokens without one', () => {
    const issuers = (value: string) => {
      const { jwtIssuers, acceptsTokensWithoutIssuer } = supabase({ SUPABASE_JWT_ISSUER: value });
      return { jwtIssuers, acceptsTokensWithoutIssuer };
    };
    const own = 'https://supabase.example.com/auth/v1';
    assert.deepEqual(issuers(''), { jwtIssuers: [own], acceptsTokensWithoutIssuer: false });
    assert.deepEqual(issuers('none'), { jwtIssuers: [own], acceptsTokensWithoutIssuer: true });
    assert.deepEqual(issuers('a, b'), { jwtIssuers: ['a', 'b'], acceptsTokensWithoutIssuer: false });
    assert.deepEqual(issuers('a,none'), { jwtIssuers: ['a'], acceptsTokensWithoutIssuer: true });
  });

  test('a short JWT secret is warned about in production', () => {
    assert.deepEqual(warned(production({ SUPABASE_JWT_SECRET: 'short' })), ['SUPABASE_JWT_SECRET']);
  });
});
