import { isServiceError } from '#errors';
import { decodeToken, type JwtClaims, type TokenPolicy, type VerificationKey, verifyToken } from '#keys';
import type { RefreshTokenFamily } from '#storage';
import { parseRefreshToken } from './refresh-token.ts';
import type { OauthDependencies } from './types.ts';
import { UUID } from './uuid.ts';

const CLOCK_TOLERANCE_SECONDS = 5;

/** What a string is that somebody asks about or gives up; null: no good token of ours, whatever it is. */
export type PresentedToken =
  | { readonly kind: 'machine'; readonly claims: MachineClaims }
  /** `isNewest`: not one that was used up already. */
  | { readonly kind: 'refresh'; readonly family: RefreshTokenFamily; readonly isNewest: boolean }
  | { readonly kind: 'person'; readonly claims: Readonly<Record<string, unknown>> }
  | null;

/** Of an access token whose signature, times and form are right. */
export interface MachineClaims extends JwtClaims {
  readonly sub: string;
  readonly client_id: string;
  readonly jti: string;
  readonly iat: number;
}

/**
 * By its form, then by the issuer that it names, once: never tried as one kind and then as another. Whether it was
 * revoked is not asked here.
 */
export function createTokenReader(
  dependencies: Pick<OauthDependencies, 'storage' | 'keys' | 'settings' | 'people' | 'now'>,
): (token: string) => Promise<PresentedToken> {
  const { storage, people, now } = dependencies;
  const readMachine = createMachineReader(dependencies);

  async function readRefresh(token: string): Promise<PresentedToken> {
    const parsed = parseRefreshToken(token);
    const family = parsed && (await storage.clientRefreshTokens.findById(parsed.familyId));
    if (!parsed || !family || family.expiresAt <= now()) return null;
    return { kind: 'refresh', family, isNewest: family.tokenHash === parsed.hash };
  }

  return async (token) => {
    const claims = decodeToken(token)?.claims;
    if (claims === undefined) return await readRefresh(token);
    if (people?.issuers?.some((issuer) => (issuer ?? undefined) === claims.iss)) {
      const inspected = await people.inspect(token);
      return inspected === null ? null : { kind: 'person', claims: inspected };
    }
    const found = readMachine(token, claims.iss);
    return found === null ? null : { kind: 'machine', claims: found };
  };
}

/** Tokens for the fleet and those for our own API may have one issuer; what they are signed with sets them apart. */
function createMachineReader({
  keys,
  settings,
  now,
}: Pick<OauthDependencies, 'keys' | 'settings' | 'now'>): (
  token: string,
  issuer: unknown,
) => MachineClaims | null {
  const { issuer: fleetIssuer, publicUrl, algorithm } = settings;
  const shared = algorithm === 'HS256' ? (keys.sharedSecret?.keys ?? []) : [];

  /** The ring's keys have names, shared secrets have none. */
  function findKeys(kid: string | undefined, issuer: string): readonly VerificationKey[] {
    if (kid === undefined) return issuer === fleetIssuer ? shared : [];
    const key = keys.ring.findKey(kid);
    return key === null || (issuer !== publicUrl && algorithm === 'HS256') ? [] : [key];
  }

  return (token, issuer) => {
    if (typeof issuer !== 'string' || (issuer !== fleetIssuer && issuer !== publicUrl)) return null;
    const policy: TokenPolicy = {
      issuer,
      audience: null,
      typ: 'at+jwt',
      clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
      findKeys: (kid) => findKeys(kid, issuer),
    };
    try {
      const claims = verifyToken(token, policy, now());
      return isMachine(claims) ? claims : null;
    } catch (error) {
      if (isServiceError(error, 'invalid_token')) return null;
      throw error;
    }
  };
}

export function isMachine(claims: JwtClaims): claims is MachineClaims {
  const { sub, client_id, token_type, jti, iat } = claims;
  return (
    typeof sub === 'string' &&
    sub === client_id &&
    token_type === 'm2m_access' &&
    typeof jti === 'string' &&
    UUID.test(jti) &&
    typeof iat === 'number'
  );
}

/** By which it may have been revoked. */
export function marksOf({ jti, client_id, sid, iat }: MachineClaims) {
  return {
    tokenId: jti,
    clientId: client_id,
    sessionId: typeof sid === 'string' ? sid : undefined,
    issuedAt: iat,
  };
}
