import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { type FieldError, isServiceError } from '#errors';
import type { NewClientInput } from '#oauth';
import { ADMIN, requestBy, type TestOauth } from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

const pairOf = {
  ec: (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve }),
  ed25519: () => generateKeyPairSync('ed25519'),
  rsa: (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength }),
};
const jwkOf = ({ publicKey }: ReturnType<typeof pairOf.ec>) => publicKey.export({ format: 'jwk' });
const EC = jwkOf(pairOf.ec());
const ED25519 = jwkOf(pairOf.ed25519());
const RSA = jwkOf(pairOf.rsa());

describeOauth('keys of clients', (suite) => {
  let it: TestOauth;

  before(async () => {
    it = await suite.build();
  });

  const create = (input: Partial<NewClientInput>) =>
    it.oauth.clients.create(ADMIN, { name: 'Order service', ...input });
  const faultsOf = async (input: Partial<NewClientInput>): Promise<readonly FieldError[]> => {
    const error = await create(input).then(
      () => assert.fail('it was accepted'),
      (reason) => reason,
    );
    assert.ok(isServiceError(error, 'validation_failed'), String(error));
    return error.fields ?? [];
  };
  const faultOf = async (key: unknown) => {
    const [fault, ...more] = await faultsOf({ jwks: { keys: [key as JsonWebKey] } });
    assert.deepEqual(more, []);
    assert.equal(fault?.field, 'jwks.keys.0');
    return fault.message;
  };

  test('keys of each kind are kept as they came, with what nobody here knows', async () => {
    const jwks = {
      keys: [
        { ...EC, kid: 'a', use: 'sig', alg: 'ES256', key_ops: ['verify'], 'x-team': { name: 'orders' } },
        { ...ED25519, kid: 'b', alg: 'EdDSA' },
        { ...RSA, kid: 'c', alg: 'RS256', exp: 1 },
        EC,
        ED25519,
      ],
      issued_by: 'a vault',
    };
    const { client } = await create({ jwks, refreshTokens: true, isActive: false });
    assert.deepEqual(client.jwks, jwks);
    const shown = (await it.oauth.clients.show(client.id)).client;
    assert.deepEqual(
      [shown.jwks, shown.jwksUri, shown.refreshTokens, shown.isActive],
      [jwks, null, true, false],
    );
    const byUri = (await create({ jwksUri: 'https://keys.example:8443/jwks.json?team=orders' })).client;
    assert.deepEqual([byUri.jwks, byUri.jwksUri], [null, 'https://keys.example:8443/jwks.json?team=orders']);
  });

  test('private and shared keys are refused by the name of what must not be sent', async () => {
    const secret = pairOf.rsa().privateKey.export({ format: 'jwk' });
    assert.match(await faultOf(secret), /private member "d"/);
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
      assert.match(await faultOf({ ...EC, [member]: '' }), new RegExp(`private member "${member}"`));
    }
    assert.match(await faultOf({ kty: 'oct', k: 'c2VjcmV0' }), /kty "oct"/);
  });

  test('keys that are weak, of another kind or for another use are refused', async () => {
    const weak = createPublicKey({ key: { ...RSA, e: 'AQ' }, format: 'jwk' });
    for (const [key, message] of [
      [jwkOf(pairOf.rsa(1024)), /1024 bits/],
      [weak.export({ format: 'jwk' }), /exponent/],
      [{ ...RSA, e: 'Ag' }, /exponent/],
      [{ ...RSA, e: RSA.n }, /exponent/],
      [jwkOf(pairOf.ec('P-384')), /P-256/],
      [{ ...EC, crv: 'secp256k1' }, /P-256/],
      [{ ...ED25519, crv: 'X25519' }, /Ed25519/],
      [{ ...EC, x: ED25519.x }, /well-formed/],
      [{ ...EC, x: undefined }, /well-formed/],
      [{ ...RSA, n: 5 as unknown as string }, /well-formed/],
      [{ kty: 'RSA' }, /well-formed/],
      [{}, /another type/],
      [{ ...EC, use: 'enc' }, /use/],
      [{ ...EC, key_ops: ['sign'] }, /key_ops/],
      [{ ...EC, key_ops: 'verify' }, /key_ops/],
      [{ ...EC, alg: 'HS256' }, /alg/],
      [{ ...RSA, alg: 'PS256' }, /alg/],
      [{ ...EC, kid: '' }, /kid/],
      [{ ...EC, kid: 7 as unknown as string }, /kid/],
      [{ ...EC, kid: 'k'.repeat(257) }, /kid/],
      ['a key', /JSON Web Key/],
      [null, /JSON Web Key/],
      [[EC], /JSON Web Key/],
    ] as const) {
      assert.match(await faultOf(key), message);
    }
  });

  test('a set has 1 to 10 keys, each kid once, in 16 kB', async () => {
    const set = (keys: readonly unknown[]) => ({ jwks: { keys: keys as JsonWebKey[] } });
    const [twice, ...more] = await faultsOf(set([{ ...EC, kid: 'a' }, RSA, { ...ED25519, kid: 'a' }]));
    assert.deepEqual([twice?.field, more.length], ['jwks.keys.2', 0]);
    await create(set(Array(10).fill(EC)));
    for (const jwks of [
      set([]),
      set(Array(11).fill(EC)),
      { jwks: { keys: EC } as never },
      { jwks: [EC] as never },
      set([{ ...EC, x5c: ['x'.repeat(16_384)] }]),
      set([{ ...EC, deep: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) }]),
    ]) {
      assert.deepEqual(
        (await faultsOf(jwks)).map(({ field }) => field),
        ['jwks'],
      );
    }
    for (const text of ['a\0b', 'half \ud83d']) await faultsOf(set([{ ...EC, note: text }]));
  });

  test('jwks_uri is https to a public place, without user and fragment, and not beside jwks', async () => {
    for (const jwksUri of [
      'http://keys.example/',
      'https://user@keys.example/',
      'https://:pass@keys.example/',
      'https://keys.example/#',
      'https://keys.example/#key',
      `https://keys.example/${'x'.repeat(1981)}`,
      'keys.example/jwks',
      '//keys.example/jwks',
      'https://',
      'https://keys.example/ jwks',
      'file:///etc/passwd',
      '',
      'https://127.0.0.1/',
      'https://127.1/',
      'https://0x7f.1/',
      'https://2130706433/',
      'https://10.0.0.1/',
      'https://172.31.255.255/',
      'https://192.168.1.1/',
      'https://169.254.169.254/latest/meta-data',
      'https://100.64.0.1/',
      'https://0.0.0.0/',
      'https://255.255.255.255/',
      'https://224.0.0.1/',
      'https://192.0.2.1/',
      'https://[::]/',
      'https://[::1]/',
      'https://[::127.0.0.1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[::ffff:10.0.0.1]/',
      'https://[64:ff9b::127.0.0.1]/',
      'https://[64:ff9b::a9fe:a9fe]/',
      'https://[64:ff9b:1::8.8.8.8]/',
      'https://[2002:7f00:1::]/',
      'https://[2002:808:808::]/',
      'https://[2001::1]/',
      'https://[fe80::1]/',
      'https://[fd00:ec2::254]/',
      'https://[fec0::1]/',
      'https://[2001:db8::1]/',
      'https://[4000::1]/',
      'https://[ff02::1]/',
    ]) {
      const fields = (await faultsOf({ jwksUri })).map(({ field }) => field);
      assert.deepEqual(fields, ['jwks_uri'], jwksUri);
    }
    for (const host of ['8.8.8.8', '[2606:4700::1111]', '[::ffff:8.8.8.8]', '[64:ff9b::808:808]', 'keys']) {
      await create({ jwksUri: `https://${host}/` });
    }
    const [both] = await faultsOf({ jwks: { keys: [EC] }, jwksUri: 'https://keys.example/' });
    assert.equal(both?.field, 'jwks');
  });

  test('private_key_jwt needs keys, and has no secret', async () => {
    const tokenEndpointAuthMethod = 'private_key_jwt';
    const [fault] = await faultsOf({ tokenEndpointAuthMethod });
    assert.deepEqual([fault?.field, /jwks/.test(fault?.message ?? '')], ['token_endpoint_auth_method', true]);
    for (const keys of [{ jwks: { keys: [EC] } }, { jwksUri: 'https://keys.example/' }]) {
      const { client, secret } = await create({ tokenEndpointAuthMethod, ...keys });
      assert.equal(secret, null);
      assert.deepEqual(await suite.storage().clientSecrets.list(client.id), []);
      assert.equal(
        (await refusalOf(it.oauth, requestBy({ id: client.id, secret: 'x' }))).code,
        'invalid_client',
      );
      const importedSecretHash = `$2b$12$${'a'.repeat(53)}`;
      const faults = await faultsOf({ tokenEndpointAuthMethod, ...keys, importedSecretHash });
      assert.deepEqual(
        faults.map(({ field }) => field),
        ['secret_hash'],
      );
    }
    const either = await create({ id: randomUUID(), jwks: { keys: [EC] } });
    assert.match(either.secret ?? '', /^pas_/);
  });
});
