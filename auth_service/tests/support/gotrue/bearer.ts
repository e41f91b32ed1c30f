import { isBanned, UUID } from './accounts.ts';
import { type Call, headerOf } from './call.ts';
import type { Claims } from './keys.ts';
import { Refusal } from './refusal.ts';
import type { GotrueUser, Session } from './store.ts';
import type { World } from './world.ts';

const ADMIN_ROLES = ['service_role', 'supabase_admin'];

export interface Bearer {
  readonly user: GotrueUser;
  /** Null where the token names none. */
  readonly session: Session | null;
}

/** @throws Refusal of a token that is not a living user's */
export function requireUser(world: World, call: Call): Bearer {
  const claims = readClaims(world, call);
  const { sub, aud } = claims;
  if (typeof sub !== 'string' || sub === '') {
    throw new Refusal(403, 'bad_jwt', 'invalid claim: missing sub claim');
  }
  if (!UUID.test(sub)) throw new Refusal(400, 'bad_jwt', 'invalid claim: sub claim must be a UUID');
  const user = world.store.users.get(sub.toLowerCase());
  if (user === undefined) {
    throw new Refusal(403, 'user_not_found', 'User from sub claim in JWT does not exist');
  }
  const session = findSession(world, claims);
  if (isBanned(user, world.now())) throw new Refusal(403, 'user_banned', 'User is banned');
  const asked = headerOf(call.headers, 'x-jwt-aud') ?? aud;
  if (asked !== aud) {
    throw new Refusal(400, 'validation_failed', "Token audience doesn't match request audience");
  }
  return { user, session };
}

/** @throws Refusal of a token that is no service's; neither exp nor sub must be in it */
export function requireAdmin(world: World, call: Call): void {
  const claims = readClaims(world, call);
  if (!ADMIN_ROLES.includes(String(claims.role))) throw new Refusal(403, 'not_admin', 'User not allowed');
  findSession(world, claims);
}

function readClaims({ keys }: World, call: Call): Claims {
  const token = /^bearer (\S+)$/i.exec(headerOf(call.headers, 'authorization') ?? '')?.[1];
  if (token === undefined) {
    throw new Refusal(401, 'no_authorization', 'This endpoint requires a valid Bearer token');
  }
  try {
    return keys.verify(token);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(403, 'bad_jwt', `invalid JWT: unable to parse or verify signature, ${why}`);
  }
}

function findSession({ store }: World, { session_id, sub }: Claims): Session | null {
  if (session_id === undefined || session_id === '') return null;
  const session = store.sessions.get(String(session_id));
  if (session !== undefined && session.userId === sub) return session;
  throw new Refusal(403, 'session_not_found', 'Session from session_id claim in JWT does not exist');
}
