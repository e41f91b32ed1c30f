/**
 * The whole of what a service needs to trust a token: fetch the issuer's public keys, check the signature, then check
 * that the token was meant for us. Nothing here talks to the issuer per request, and no secret is shared with it.
 */
import {
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';

/** What one issuer's tokens must look like. */
export interface TokenPolicy {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: URL;
  /** Asymmetric only: with HS256 in this list, anybody could sign with the public key taken as a secret. */
  readonly algorithms: readonly string[];
  /** In the header. RFC 9068 §2.1: an access token of a machine says so, that no other kind of JWT passes for one. */
  readonly typ: string;
  readonly kind: TokenKind;
}

export type TokenKind = 'machine' | 'person';

/** Who is calling. Only a token that passed every check becomes a caller. */
export interface Caller {
  readonly kind: TokenKind;
  readonly id: string;
  readonly permissions: readonly string[];
}

export type TokenVerifier = (token: string) => Promise<Caller>;

/** The token is at fault. The message is safe to show. */
export class TokenRefused extends Error {}

/** The issuer's keys could not be had, so nothing can be said about the token. */
export class KeysUnavailable extends Error {}

/** The issuer makes no token over 7 kB; whatever is bigger is not worth a signature check. */
const MAX_TOKEN_LENGTH = 8192;
const ASYMMETRIC = ['ES256', 'EdDSA', 'RS256'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function machineTokens(settings: { issuer: string; audience: string; jwksUrl: URL }): TokenPolicy {
  return { ...settings, algorithms: ASYMMETRIC, typ: 'at+jwt', kind: 'machine' };
}

/** The audience is the same for everybody: Supabase Auth names its signed-in users by it. */
export function personTokens(settings: { issuer: string; jwksUrl: URL }): TokenPolicy {
  return { ...settings, audience: 'authenticated', algorithms: ASYMMETRIC, typ: 'JWT', kind: 'person' };
}

/**
 * The issuer that a token names chooses one policy, and the token must meet all of that one. Trying one policy and then
 * another would let a token pick the weakest check of each.
 */
export function createTokenVerifier(policies: readonly TokenPolicy[]): TokenVerifier {
  const trusted = new Map<unknown, { policy: TokenPolicy; keys: JWTVerifyGetKey }>();
  for (const policy of policies) {
    if (trusted.has(policy.issuer)) throw new TypeError(`two policies for the issuer ${policy.issuer}`);
    trusted.set(policy.issuer, { policy, keys: createKeySource(policy.jwksUrl) });
  }

  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) throw new TokenRefused('the token is too long');
    const known = trusted.get(issuerOf(token));
    if (known === undefined) throw notAccepted('iss');
    const { policy, keys } = known;
    const { payload } = await jwtVerify(token, keys, {
      algorithms: [...policy.algorithms],
      issuer: policy.issuer,
      audience: policy.audience,
      typ: policy.typ,
      // jose checks exp only where there is one: without this a token without exp would live forever.
      requiredClaims: ['exp', 'sub'],
    }).catch(refuse);
    return policy.kind === 'machine' ? machineIn(payload) : personIn(payload);
  };
}

/** Not believed yet: it only says whose rules the token is held against, its own issuer's signature among them. */
function issuerOf(token: string): unknown {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    return refuse(error);
  }
}

function machineIn(payload: JWTPayload): Caller {
  if (payload.token_type !== 'm2m_access') throw notAccepted('token_type');
  return { kind: 'machine', id: String(payload.sub), permissions: namesIn(payload.permissions) };
}

/**
 * `app_metadata` is written by the issuer alone. `user_metadata` is what people say about themselves, and is not read.
 * API keys (`role` anon or service_role), visitors without an account and tokens that people gave to other companies'
 * apps (`client_id`) are signed by the same issuer, and open nothing here.
 */
function personIn(payload: JWTPayload): Caller {
  const { sub, role, session_id: sessionId, is_anonymous: isAnonymous = false, client_id: app } = payload;
  if (role !== 'authenticated') throw notAccepted('role');
  if (typeof sub !== 'string' || !UUID.test(sub)) throw notAccepted('sub');
  if (typeof sessionId !== 'string' || !UUID.test(sessionId)) throw notAccepted('session_id');
  if (isAnonymous !== false) throw notAccepted('is_anonymous');
  if (app !== undefined) throw notAccepted('client_id');
  const { permissions } = Object(payload.app_metadata) as { permissions?: unknown };
  return { kind: 'person', id: sub, permissions: namesIn(permissions) };
}

/** Only an array grants. `includes` on a string would find "orders:read" inside "orders:readx". */
function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

/**
 * Keys are kept for 10 minutes: so long does the issuer's absence go unnoticed, and so long may a withdrawn key live.
 * An unknown `kid` fetches again, for it may be a new key, but once in 30 seconds: invented ones must not become load.
 * The keys come from our own setting alone; a `jwk` or `jku` in a token's header is never looked at.
 */
function createKeySource(url: URL): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: 600_000,
    cooldownDuration: 30_000,
    timeoutDuration: 2_000,
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) throw error;
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new KeysUnavailable('the key set could not be fetched', { cause: error });
    }
  };
}

function refuse(error: unknown): never {
  if (error instanceof errors.JWTExpired) throw new TokenRefused('the token has expired', { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) throw notAccepted(error.claim);
  if (error instanceof errors.JWKSNoMatchingKey)
    throw new TokenRefused('no key of the issuer fits the token', { cause: error });
  if (error instanceof errors.JOSEError)
    throw new TokenRefused('the token is malformed, or not signed by the issuer', { cause: error });
  throw error;
}

function notAccepted(claim: string): TokenRefused {
  return new TokenRefused(`${claim} is missing or not accepted here`);
}
