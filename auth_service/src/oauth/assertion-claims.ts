import type { DecodedToken } from '#keys';

/** How far ahead an assertion may expire, and how long ago it may have been made. */
const ASSERTION_LIFETIME_MAX_SECONDS = 300;
/** How far the clock of a client may differ from ours. */
export const CLOCK_TOLERANCE_SECONDS = 30;
const JTI_LENGTH_MAX = 256;

/**
 * What RFC 7523 §3 asks of an assertion beyond what it asks of every token. All of it can be seen in the request alone:
 * the answer may say it, and nobody has to be looked up for it.
 * @returns what to do about it, in a sentence; null when it is in order
 */
export function claimFault({ claims }: DecodedToken, issuer: string, now: Date): string | null {
  const { aud, exp, nbf, iat, jti } = claims;
  const nowSeconds = now.getTime() / 1000;
  const latest = nowSeconds + CLOCK_TOLERANCE_SECONDS;
  const reach = ASSERTION_LIFETIME_MAX_SECONDS + CLOCK_TOLERANCE_SECONDS;
  // Exactly the issuer: what is good here must be good nowhere else, and the other way round.
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (audiences.length !== 1 || audiences[0] !== issuer) {
    return `The aud of client_assertion must be ${issuer}, and nothing else.`;
  }
  if (typeof exp !== 'number') return 'client_assertion needs an exp.';
  if (nowSeconds >= exp + CLOCK_TOLERANCE_SECONDS) return 'client_assertion has expired.';
  if (exp > nowSeconds + reach) {
    return `client_assertion must expire within ${ASSERTION_LIFETIME_MAX_SECONDS} seconds.`;
  }
  // Otherwise one that was made to expire in a year would open in the last minutes of that year.
  if (iat !== undefined && !isBetween(iat, nowSeconds - reach, latest)) {
    return `The iat of client_assertion must be in the last ${ASSERTION_LIFETIME_MAX_SECONDS} seconds.`;
  }
  if (nbf !== undefined && !isBetween(nbf, 0, latest)) return 'client_assertion is not valid yet.';
  if (typeof jti !== 'string' || jti === '' || jti.length > JTI_LENGTH_MAX) {
    return `client_assertion needs a jti of 1 to ${JTI_LENGTH_MAX} characters.`;
  }
  return null;
}

function isBetween(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && value >= low && value <= high;
}
