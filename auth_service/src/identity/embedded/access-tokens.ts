import { ServiceError } from '#errors';
import { type JwtClaims, type KeyRing, type TokenPolicy, verifyToken } from '#keys';
import type { Person, Session } from '#storage';
import { appMetadata } from './wire.ts';

const AUDIENCE = 'authenticated';
const ROLE = 'authenticated';
const CLOCK_TOLERANCE_SECONDS = 5;

export interface TokenOfPerson {
  readonly userId: string;
  readonly sessionId: string;
  /** Seconds. */
  readonly issuedAt: number | undefined;
}

export interface AccessTokens {
  /** GoTrue's claims, and in `app_metadata` the roles and permissions of this moment. */
  sign(person: Person, session: Session): { text: string; expiresAt: number };
  /** @throws ServiceError `invalid_token`. Says nothing yet about whether the session lives. */
  read(accessToken: string): TokenOfPerson;
}

export function createAccessTokens(dependencies: {
  readonly ring: Pick<KeyRing, 'signToken' | 'findKey'>;
  readonly issuer: string | null;
  readonly lifetimeSeconds: number;
  readonly now: () => Date;
}): AccessTokens {
  const { ring, issuer, lifetimeSeconds, now } = dependencies;
  const policyFor = (knownIssuer: string): TokenPolicy => ({
    issuer: knownIssuer,
    audience: AUDIENCE,
    typ: 'JWT',
    clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
    findKeys: (kid) => {
      const key = kid === undefined ? null : ring.findKey(kid);
      return key === null ? [] : [key];
    },
  });

  function requireIssuer(): string {
    if (issuer === null) throw new ServiceError('public_url_missing');
    return issuer;
  }

  return {
    sign(person, session) {
      const { account } = person;
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expiresAt = issuedAt + lifetimeSeconds;
      const claims = {
        iss: requireIssuer(),
        sub: account.id,
        aud: AUDIENCE,
        exp: expiresAt,
        iat: issuedAt,
        email: account.email,
        phone: '',
        app_metadata: appMetadata(person),
        user_metadata: account.userMetadata,
        role: ROLE,
        aal: session.aal,
        amr: session.amr,
        session_id: session.id,
        is_anonymous: false,
      };
      return { text: ring.signToken(claims, 'JWT'), expiresAt };
    },

    read: (accessToken) => personIn(verifyToken(accessToken, policyFor(requireIssuer()), now())),
  };
}

function personIn(claims: JwtClaims): TokenOfPerson {
  const { sub, session_id: sessionId, role, iat: issuedAt } = claims;
  if (typeof sub !== 'string' || typeof sessionId !== 'string' || role !== ROLE) {
    throw new ServiceError('invalid_token', 'The token is no session of a person.');
  }
  return { userId: sub, sessionId, issuedAt };
}
