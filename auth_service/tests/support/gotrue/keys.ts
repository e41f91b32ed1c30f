import {
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

export interface SignOptions {
  /** Of a key that is known: signs with that key. Otherwise it only stands in the header. */
  readonly kid?: string;
  readonly alg?: 'ES256' | 'HS256' | 'none';
  /** For HS256, in place of the double's own. */
  readonly secret?: string;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** GoTrue's keys: the secret, and with ES256 key pairs of which the last signs. */
export interface Keys {
  sign(claims: Claims, options?: SignOptions): string;
  /**
   * Signature and times.
   * @throws Error that says why not, in golang-jwt's words
   */
  verify(token: string): Claims;
  jwks(): { keys: object[] };
  kid(): string;
  rotate(): void;
  drop(kid: string): void;
}

const NOT_ES256 = 'This double signs with its secret, which is no key that has a kid; start it with ES256.';

export function createKeys(signing: 'ES256' | 'HS256', secret: string, now: () => Date): Keys {
  const keys: SigningKey[] = signing === 'ES256' ? [createSigningKey()] : [];

  const current = (): SigningKey => {
    const key = keys.at(-1);
    if (key === undefined) throw new Error(NOT_ES256);
    return key;
  };
  const find = (kid: unknown) => keys.find((key) => key.kid === kid);

  return {
    sign(claims, options = {}) {
      const alg = options.alg ?? signing;
      const kid = options.kid ?? (alg === 'ES256' ? current().kid : undefined);
      const input = `${encode({ alg, typ: 'JWT', kid })}.${encode(claims)}`;
      if (alg === 'none') return `${input}.`;
      if (alg === 'HS256') return `${input}.${hmac(input, options.secret ?? secret).toString('base64url')}`;
      const key = (find(kid) ?? current()).privateKey;
      const signature = signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
      return `${input}.${signature.toString('base64url')}`;
    },
    verify(token) {
      const [header = '', payload = '', signature = '', ...more] = token.split('.');
      if (signature === '' && payload === '') {
        throw new Error('token is malformed: token contains an invalid number of segments');
      }
      if (more.length > 0)
        throw new Error('token is malformed: token contains an invalid number of segments');
      const { alg, kid } = decode(header);
      const input = `${header}.${payload}`;
      assertSigned({ alg, key: find(kid), kid }, input, Buffer.from(signature, 'base64url'), secret);
      const claims = decode(payload);
      assertTimes(claims, now().getTime() / 1000);
      return claims;
    },
    jwks: () => ({ keys: keys.map(publicJwk) }),
    kid: () => current().kid,
    rotate() {
      current();
      keys.push(createSigningKey());
    },
    drop(kid) {
      const place = keys.findIndex((key) => key.kid === kid);
      if (place < 0) throw new Error(`No key has the kid ${kid}.`);
      if (keys.length === 1) throw new Error('The only key cannot be dropped; rotate first.');
      keys.splice(place, 1);
    },
  };
}

function assertSigned(
  { alg, kid, key }: { alg: unknown; kid: unknown; key: SigningKey | undefined },
  input: string,
  signature: Buffer,
  secret: string,
): void {
  // An asymmetric key is never taken for a secret: the algorithm must be the key's own.
  if (alg === 'HS256' && key === undefined) {
    const expected = hmac(input, secret);
    if (signature.length === expected.length && timingSafeEqual(signature, expected)) return;
    throw new Error('token signature is invalid: signature is invalid');
  }
  if (alg === 'HS256') throw new Error('token signature is invalid: key is of invalid type');
  if (alg !== 'ES256') throw new Error(`token signature is invalid: signing method ${alg} is invalid`);
  if (key === undefined) {
    throw new Error(
      `token is unverifiable: error while executing keyfunc: unrecognized JWT kid ${kid} for algorithm ES256`,
    );
  }
  const how = { key: key.publicKey, dsaEncoding: 'ieee-p1363' as const };
  if (!verifyBytes('sha256', Buffer.from(input), how, signature)) {
    throw new Error('token signature is invalid: crypto/ecdsa: verification error');
  }
}

function assertTimes({ exp, nbf }: Claims, seconds: number): void {
  if (exp !== undefined && !(Number(exp) > seconds))
    throw new Error('token has invalid claims: token is expired');
  if (nbf !== undefined && !(Number(nbf) <= seconds)) {
    throw new Error('token has invalid claims: token is not valid yet');
  }
}

function createSigningKey(): SigningKey {
  return { kid: randomUUID(), ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
}

function publicJwk({ kid, publicKey }: SigningKey): object {
  return { ...publicKey.export({ format: 'jwk' }), use: 'sig', key_ops: ['verify'], alg: 'ES256', kid };
}

function hmac(input: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(input).digest();
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function decode(part: string): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value as Claims;
  } catch {
    // Told below.
  }
  throw new Error('token is malformed: could not JSON decode header or claim');
}
