import { ServiceError } from '#errors';
import { parseJsonObject, splitToken, type TokenParts } from './parse-token.ts';
import type { JwtClaims, TokenPolicy } from './types.ts';

type Claims = Readonly<Record<string, unknown>>;

// The last second that a Date can hold.
const MAX_NUMERIC_DATE = 8.64e12;

/**
 * The claims of a token that meets the policy: signed by one of its keys with that key's own algorithm, of its type,
 * issuer and audience, neither expired nor from the future (RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725 §3, RFC 9068 §4).
 * Keys that the token brings along (`jwk`, `jku`, `x5u`, `x5c`) are not looked at.
 * @throws ServiceError `invalid_token` with the reason, and nothing else, whatever the token is
 */
export function verifyToken(token: string, policy: TokenPolicy, now: Date): JwtClaims {
  const parts = splitToken(token);
  if (parts === null) throw invalidToken('The token is malformed.');
  checkHeader(parts.header, policy.typ);
  checkSignature(parts, policy);
  const claims = parseJsonObject(parts.payload);
  if (claims === null) throw invalidToken('The token is malformed.');
  checkTimes(claims, now.getTime() / 1000, policy.clockToleranceSeconds);
  checkParties(claims, policy);
  return claims as JwtClaims;
}

function checkHeader(header: Claims, typ: TokenPolicy['typ']): void {
  // RFC 7515 §4.1.11: extensions that must be understood; none is.
  if (Object.hasOwn(header, 'crit'))
    throw invalidToken('The token demands an extension that is not supported.');
  if (![typ].flat().some((expected) => isOfType(header.typ, expected))) {
    throw invalidToken(`The token is not of the type ${[typ].flat().join(', ')}.`);
  }
}

function isOfType(typ: unknown, expected: string | null): boolean {
  if (expected === null) return typ === undefined;
  return typeof typ === 'string' && mediaType(typ) === mediaType(expected);
}

// RFC 7515 §4.1.9: `application/` may be left out; media types have no case.
function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}

function checkSignature({ header, signingInput, signature }: TokenParts, policy: TokenPolicy): void {
  const { alg, kid } = header;
  if (kid !== undefined && typeof kid !== 'string') throw invalidToken('The token is malformed.');
  // RFC 9864 §2.2: another name for what EdDSA is with the only curve that is taken here.
  const algorithm = alg === 'Ed25519' ? 'EdDSA' : alg;
  const keys = policy
    .findKeys(kid)
    .filter((key) => key.algorithm === algorithm && (key.kid === null || key.kid === kid));
  if (keys.length === 0) throw invalidToken('The token names no key and algorithm that are known here.');
  if (!keys.some((key) => key.verify(signingInput, signature))) {
    throw invalidToken('The signature of the token is wrong.');
  }
}

function checkTimes({ exp, nbf, iat }: Claims, nowSeconds: number, tolerance: number): void {
  if (!isNumericDate(exp)) throw invalidToken('The token has no valid expiry.');
  if (nowSeconds >= exp + tolerance) throw invalidToken('The token has expired.');
  for (const start of [nbf, iat]) {
    if (start === undefined) continue;
    if (!isNumericDate(start)) throw invalidToken('The token has a malformed time.');
    if (start > nowSeconds + tolerance) throw invalidToken('The token is not valid yet.');
  }
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE;
}

function checkParties({ iss, aud, sub, jti }: Claims, policy: TokenPolicy): void {
  if (![policy.issuer].flat().some((issuer) => (issuer ?? undefined) === iss))
    throw invalidToken('The token is from another issuer.');
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audiences.length === 0 || !audiences.every((audience) => typeof audience === 'string')) {
    throw invalidToken('The audience of the token is malformed.');
  }
  if (policy.audience !== null && !audiences.includes(policy.audience)) {
    throw invalidToken('The token is for another audience.');
  }
  if (![sub, jti].every((claim) => claim === undefined || typeof claim === 'string')) {
    throw invalidToken('The token is malformed.');
  }
}

function invalidToken(reason: string): ServiceError {
  return new ServiceError('invalid_token', reason);
}
