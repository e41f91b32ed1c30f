/** Makes tokens that look right but for one thing. Signs by hand: a JWT library refuses to make most of these. */
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';

export type TokenPart = Record<string, unknown>;

export interface OpenedToken {
  readonly header: TokenPart;
  readonly claims: TokenPart;
  readonly signature: string;
}

export function openToken(token: string): OpenedToken {
  const [header = '', claims = '', signature = ''] = token.split('.');
  if (signature === '') throw new Error('There is no signed token to look into.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { header: read(header), claims: read(claims), signature };
}

export function foreignKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** ES256 (RFC 7518 §3.4), whatever the header claims. */
export function signWith(key: KeyObject, header: TokenPart, claims: TokenPart): string {
  const text = signingInput(header, claims);
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export function unsigned(header: TokenPart, claims: TokenPart): string {
  return `${signingInput({ ...header, alg: 'none' }, claims)}.`;
}

/** The classic: the public key, which everybody has, taken as the secret of an HMAC. */
export function hmacWithPublicKey(publicJwk: JsonWebKey, header: TokenPart, claims: TokenPart): string {
  const pem = createPublicKey({ key: publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const text = signingInput({ ...header, alg: 'HS256' }, claims);
  return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
}

/** Other claims under the signature of the real ones. */
export function withClaims(token: string, changes: TokenPart): string {
  const { header, claims, signature } = openToken(token);
  return `${signingInput(header, { ...claims, ...changes })}.${signature}`;
}

/** The very same token with one bit of its signature turned. */
export function withBrokenSignature(token: string): string {
  const [header, claims, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return [header, claims, bytes.toString('base64url')].join('.');
}

function signingInput(header: TokenPart, claims: TokenPart): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}
