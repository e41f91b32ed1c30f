import { ServiceError } from '#errors';
import {
  createSharedSecretKeys,
  decodeToken,
  type JwtClaims,
  type TokenPolicy,
  type VerificationKey,
  verifyToken,
} from '#keys';
import type { UserPrincipal } from '../types.ts';
import type { SupabaseDependencies } from './dependencies.ts';
import type { KeySet } from './key-set.ts';
import { isObject } from './shapes.ts';

const AUDIENCE = 'authenticated';
const ROLE = 'authenticated';
const CLOCK_TOLERANCE_SECONDS = 5;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const LEVELS: readonly unknown[] = ['aal1', 'aal2', 'aal3'] satisfies readonly UserPrincipal['aal'][];

export interface TokenOfPerson
  extends Pick<UserPrincipal, 'userId' | 'sessionId' | 'email' | 'aal' | 'amr' | 'userMetadata'> {
  /** Seconds. */
  readonly issuedAt: number | undefined;
  /** When the log-in began that it comes from, in seconds; it stays the same when tokens are refreshed. */
  readonly startedAt: number | undefined;
  /** Seconds. */
  readonly lifetime: number;
}

export interface AccessTokens {
  /**
   * By the one policy for tokens of Supabase's (contract §2): API keys, tokens of third-party apps and anonymous users
   * open nothing. Says nothing yet about whether the session lives.
   * @throws ServiceError `invalid_token`; `identity_unavailable` where its keys cannot be had.
   */
  read(accessToken: string): Promise<TokenOfPerson>;
}

export function createAccessTokens({ settings, now }: SupabaseDependencies, keySet: KeySet): AccessTokens {
  const { issuers, acceptsTokensWithoutIssuer, jwtSecret } = settings;
  const shared = jwtSecret === null ? [] : createSharedSecretKeys({ secret: jwtSecret, previous: null }).keys;
  const policy: Omit<TokenPolicy, 'findKeys'> = {
    issuer: acceptsTokensWithoutIssuer ? [...issuers, null] : issuers,
    audience: AUDIENCE,
    typ: ['JWT', null],
    clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
  };

  /** The shared secret only for tokens that name none of the public keys (its holder could otherwise pass for those). */
  async function findKeys(kid: string | undefined): Promise<readonly VerificationKey[]> {
    if (kid === undefined) return shared;
    const named = (await keySet.find(kid)).filter((key) => key.kid === kid);
    return named.length > 0 ? named : shared;
  }

  return {
    async read(accessToken) {
      const kid = decodeToken(accessToken)?.header.kid;
      const keys = typeof kid === 'string' || kid === undefined ? await findKeys(kid) : [];
      return personIn(verifyToken(accessToken, { ...policy, findKeys: () => keys }, now()));
    },
  };
}

function personIn(claims: JwtClaims): TokenOfPerson {
  const { sub, aud, session_id: sessionId, role, email, aal, iat, exp } = claims;
  const isOfPerson =
    isUuid(sub) && isUuid(sessionId) && role === ROLE && aud === AUDIENCE && claims.is_anonymous !== true;
  // A third-party app acts for the person, and only where it was allowed to.
  if (!isOfPerson || claims.client_id !== undefined) {
    throw new ServiceError('invalid_token', 'The token is no session of a person.');
  }
  const amr = methodsIn(claims.amr);
  return {
    userId: sub,
    sessionId,
    email: typeof email === 'string' ? email : '',
    aal: LEVELS.includes(aal) ? (aal as UserPrincipal['aal']) : 'aal1',
    amr,
    userMetadata: isObject(claims.user_metadata) ? claims.user_metadata : {},
    issuedAt: iat,
    startedAt: beganAt(amr),
    lifetime: exp - (iat ?? exp),
  };
}

/** The oldest proof; undefined where none says when. */
export function beganAt(amr: UserPrincipal['amr']): number | undefined {
  const times = amr.map(({ timestamp }) => timestamp).filter((timestamp) => timestamp > 0);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** RFC 8176 names alone, as other hooks may leave them, say nothing of when: then it was long ago. */
function methodsIn(amr: unknown): UserPrincipal['amr'] {
  if (!Array.isArray(amr)) return [];
  return amr.flatMap((entry: unknown) => {
    if (typeof entry === 'string') return [{ method: entry, timestamp: 0 }];
    if (!isObject(entry) || typeof entry.method !== 'string') return [];
    const { method, timestamp } = entry;
    return [{ method, timestamp: typeof timestamp === 'number' ? timestamp : 0 }];
  });
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
