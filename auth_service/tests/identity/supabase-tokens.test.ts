import assert from 'node:assert/strict';
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  sign as signBytes,
} from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import type { Claims, SignOptions } from '../support/gotrue/keys.ts';
import {
  buildSupabaseIdentity,
  type SupabaseIdentity,
  type SupabaseOptions,
} from './build-supabase-identity.ts';
import { newPerson, refusal, type SignedIn } from './conformance/under-test.ts';

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

/** The people of a GoTrue, and tokens that look like theirs. */
function describeTokens(
  name: string,
  options: SupabaseOptions,
  define: (stage: {
    identity: () => SupabaseIdentity;
    person: () => SignedIn;
    /** Theirs with these claims in place of its own; undefined leaves one out. */
    like: (claims: Claims, how?: SignOptions) => string;
    requireRefused: (tokens: Readonly<Record<string, string>>) => Promise<void>;
  }) => void,
): void {
  describeOn('postgres', name, (open) => {
    describe('on a GoTrue', () => {
      let database: TestDatabase;
      let identity: SupabaseIdentity;
      let person: SignedIn;
      before(async () => {
        database = await open();
        identity = await buildSupabaseIdentity(database, options);
        person = await newPerson(identity);
      });
      after(() => identity[Symbol.asyncDispose]());

      define({
        identity: () => identity,
        person: () => person,
        like: (claims, how) =>
          identity.gotrue.sign({ ...claimsOf(person.session.access_token), ...claims }, how),
        async requireRefused(tokens) {
          for (const [what, token] of Object.entries(tokens)) {
            await assert.rejects(identity.people.verify(token), refusal('invalid_token'), what);
          }
          assert.equal((await identity.people.verify(person.session.access_token)).userId, person.userId);
        },
      });
    });
  });
}

describeTokens('tokens that GoTrue has signed', {}, ({ identity, like, person, requireRefused }) => {
  const seconds = () => Math.floor(identity().now().getTime() / 1000);

  it('of API keys, apps, and people without a name open nothing', async () => {
    const { anonKey, serviceRoleKey, issuer } = identity().gotrue;
    await requireRefused({
      'the anon key': anonKey,
      'the service key': serviceRoleKey,
      'a third-party app': like({ client_id: crypto.randomUUID() }),
      'a third-party app with an empty name': like({ client_id: '' }),
      'a third-party app named null': like({ client_id: null }),
      'an anonymous person': like({ is_anonymous: true }),
      'the service as a person': like({ role: 'service_role' }),
      'the anon role as a person': like({ role: 'anon' }),
      'the service, of the right issuer': identity().gotrue.sign({
        ...{ iss: issuer, role: 'service_role', aud: 'authenticated' },
        exp: seconds() + 100,
      }),
      'no role': like({ role: undefined }),
      'a list of roles': like({ role: ['authenticated'] }),
    });
  });

  it('for somebody else, or by somebody else, open nothing', async () => {
    await requireRefused({
      'another audience': like({ aud: 'paservices_microservices' }),
      'no audience': like({ aud: undefined }),
      'several audiences': like({ aud: ['authenticated', 'other'] }),
      'a list of one audience': like({ aud: ['authenticated'] }),
      'another issuer': like({ iss: 'https://elsewhere.supabase.co/auth/v1' }),
      'an issuer that begins alike': like({ iss: `${identity().gotrue.issuer}/` }),
      'a list of issuers': like({ iss: [identity().gotrue.issuer] }),
      'no issuer': like({ iss: undefined }),
      'no one as issuer': like({ iss: null }),
    });
  });

  it('out of their time, or without an end, open nothing', async () => {
    await requireRefused({
      expired: like({ exp: seconds() - 60, iat: seconds() - 120 }),
      'not valid yet': like({ nbf: seconds() + 60 }),
      'issued in the future': like({ iat: seconds() + 60 }),
      'without an end': like({ exp: undefined }),
      'with an end in words': like({ exp: '9999999999' }),
    });
  });

  it('of nobody, or of no log-in, open nothing', async () => {
    await requireRefused({
      'no session': like({ session_id: undefined }),
      'an empty session': like({ session_id: '' }),
      'a session that is no id': like({ session_id: "' or true --" }),
      'a session that never was': like({ session_id: crypto.randomUUID() }),
      'no subject': like({ sub: undefined }),
      'a subject that is no id': like({ sub: 'admin' }),
      'somebody else with this session': like({ sub: crypto.randomUUID() }),
    });
  });

  it('grant nothing by what they say about roles', async () => {
    const boast = { roles: ['admin'], permissions: ['role:admin_manage'] };
    const token = like({ app_metadata: boast, user_metadata: { ...boast, app_metadata: boast }, ...boast });
    const { roles, permissions } = await identity().people.verify(token);
    assert.deepEqual([roles, permissions], [['user'], []]);
    const { users } = identity();
    assert.deepEqual((await users.find(person().userId)).roles, ['user']);
    assert.deepEqual((await users.permissions(person().userId)).length, 0);
  });
});

describeTokens('tokens that others have signed', {}, ({ identity, like, person, requireRefused }) => {
  async function publicKeys(): Promise<JsonWebKey[]> {
    const answer = await fetch(`${identity().gotrue.url}/auth/v1/.well-known/jwks.json`);
    return ((await answer.json()) as { keys: JsonWebKey[] }).keys;
  }

  it('with the public key for a secret open nothing', async () => {
    const [jwk = {}] = await publicKeys();
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const secrets = {
      'the JWK': JSON.stringify(jwk),
      'the JWK in short': JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }),
      'the PEM': key.export({ type: 'spki', format: 'pem' }).toString(),
      x: String(jwk.x),
      'the kid': identity().gotrue.kid(),
      'an empty one': '',
    };
    for (const [what, secret] of Object.entries(secrets)) {
      for (const kid of [identity().gotrue.kid(), 'unknown', '']) {
        await requireRefused({ [`${what}, ${kid}`]: like({}, { alg: 'HS256', secret, kid }) });
      }
      const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${like({}).split('.')[1]}`;
      await requireRefused({ [`${what}, no kid`]: `${input}.${hs256(input, secret)}` });
    }
  });

  it('with a secret that we were not told of open nothing', async () => {
    const { kid } = identity().gotrue;
    await requireRefused({
      'without a kid': like({}, { alg: 'HS256' }),
      'with that of a public key': like({}, { alg: 'HS256', kid: kid() }),
    });
  });

  it('with nothing, with a key of their own, or with one that they bring along open nothing', async () => {
    const { kid } = identity().gotrue;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = (header: object) => {
      const input = `${encode({ alg: 'ES256', typ: 'JWT', ...header })}.${like({}).split('.')[1]}`;
      const how = { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
      return `${input}.${signBytes('sha256', Buffer.from(input), how).toString('base64url')}`;
    };
    const jwk = publicKey.export({ format: 'jwk' });
    const good = person().session.access_token;
    await requireRefused({
      'no signature': like({}, { alg: 'none' }),
      'no signature, no kid': `${encode({ alg: 'none', typ: 'JWT' })}.${good.split('.')[1]}.`,
      'None with the signature of another': `${encode({ alg: 'None', kid: kid() })}.${good.split('.').slice(1).join('.')}`,
      'an empty signature': `${good.split('.').slice(0, 2).join('.')}.`,
      'zeros for a signature': `${good.split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`,
      'a foreign key with a known kid': forged({ kid: kid() }),
      'a foreign key without a kid': forged({}),
      'a key in the header': forged({ kid: kid(), jwk }),
      'a key in the header alone': forged({ jwk }),
      'an address of keys': forged({ kid: kid(), jku: 'http://127.0.0.1:9/jwks.json' }),
      'a kid that is a path': forged({ kid: '../../../../dev/null' }),
      'a kid that is no text': forged({ kid: 7 }),
      'a kid that every object has': forged({ kid: '__proto__' }),
      'claims of another token': `${like({ sub: crypto.randomUUID() }).split('.').slice(0, 2).join('.')}.${good.split('.')[2]}`,
      'an extension': forged({ kid: kid(), crit: ['exp'] }),
      'another kind of token': forged({ kid: kid(), typ: 'at+jwt' }),
    });
  });
});

function hs256(input: string, secret: string): string {
  return createHmac('sha256', secret).update(input).digest('base64url');
}

const BOTH = { knowsSecret: true };
describeTokens('the shared secret beside public keys', BOTH, ({ identity, like, requireRefused }) => {
  it('is good for tokens without a kid, or of one that no public key has', async () => {
    for (const how of [{ alg: 'HS256', kid: 'legacy' }, { alg: 'HS256' }] as const) {
      assert.equal((await identity().people.verify(like({}, how))).kind, 'user');
    }
  });

  it('passes for none of the public keys', async () => {
    await requireRefused({
      'a kid of the JWKS': like({}, { alg: 'HS256', kid: identity().gotrue.kid() }),
      'another secret': like({}, { alg: 'HS256', secret: 'a secret that is somebody else’s, long' }),
      'an empty secret': like({}, { alg: 'HS256', secret: '' }),
    });
  });

  it('makes no API key a person', async () => {
    const { anonKey, serviceRoleKey, issuer } = identity().gotrue;
    await requireRefused({
      anon: anonKey,
      service: serviceRoleKey,
      'service with our issuer': like({ iss: issuer, role: 'service_role' }, { alg: 'HS256' }),
    });
  });
});

const ANY_ISSUER = { acceptsTokensWithoutIssuer: true };
describeTokens('tokens without an issuer', ANY_ISSUER, ({ identity, like, requireRefused, person }) => {
  it('are taken where that was said, under the same policy', async () => {
    const { userId } = await identity().people.verify(like({ iss: undefined }));
    assert.equal(userId, person().userId);
    await requireRefused({
      'another issuer': like({ iss: 'https://elsewhere.example/auth/v1' }),
      'no issuer, the service': like({ iss: undefined, role: 'service_role' }),
      'no issuer, an app': like({ iss: undefined, client_id: 'app' }),
      'no issuer, another audience': like({ iss: undefined, aud: 'anon' }),
      'an empty issuer': like({ iss: '' }),
    });
  });
});

const OPAQUE = { gotrue: { keys: 'opaque', confirmsAutomatically: true } } as const;
describeTokens('API keys that are no JWTs', OPAQUE, ({ identity, requireRefused }) => {
  it('are no tokens of people', async () => {
    const { anonKey, serviceRoleKey } = identity().gotrue;
    await requireRefused({ anonKey, serviceRoleKey });
  });
});
