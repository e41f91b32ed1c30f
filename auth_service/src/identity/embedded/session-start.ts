import type { Person, Session, Stores } from '#storage';
import type { Device, UserSession } from '../types.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { EmbeddedDependencies } from './dependencies.ts';
import { writeRefreshToken } from './refresh-token.ts';
import { toUser } from './wire.ts';

const REFRESH_KEY_BYTES = 32;
const USER_AGENT_LONGEST = 500;

export interface SessionStart {
  /** A session that is stored nowhere yet. */
  prepare(userId: string, device: Device, method: string): PreparedSession;
  /** What the person gets to hold. */
  hand(person: Person, session: Session, refreshKey: Buffer): UserSession;
}

export interface PreparedSession {
  readonly session: Session;
  readonly refreshKey: Buffer;
  store(stores: Pick<Stores, 'sessions'>): Promise<void>;
}

export function createSessionStart(
  { sealer, now, random, settings }: EmbeddedDependencies,
  accessTokens: AccessTokens,
): SessionStart {
  return {
    prepare(userId, device, method) {
      const at = now();
      const refreshKey = random.bytes(REFRESH_KEY_BYTES);
      const id = random.uuid();
      const session: Session = {
        id,
        userId,
        aal: 'aal1',
        amr: [{ method, timestamp: Math.floor(at.getTime() / 1000) }],
        sealedRefreshKey: sealer.seal(refreshKey, id),
        refreshCounter: 0,
        refreshedAt: null,
        ip: device.ip,
        userAgent: device.userAgent?.slice(0, USER_AGENT_LONGEST) ?? null,
        createdAt: at,
        updatedAt: at,
      };
      return { session, refreshKey, store: (stores) => stores.sessions.insert(session) };
    },

    hand(person, session, refreshKey) {
      const { text, expiresAt } = accessTokens.sign(person, session);
      return {
        access_token: text,
        token_type: 'bearer',
        expires_in: settings.accessTokenLifetimeSeconds,
        expires_at: expiresAt,
        refresh_token: writeRefreshToken(session.id, session.refreshCounter, refreshKey),
        user: toUser(person),
      };
    },
  };
}
