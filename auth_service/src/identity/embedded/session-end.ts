import type { TransactionStores } from '#storage';
import type { EmbeddedDependencies } from './dependencies.ts';

/**
 * Ends sessions: their rows go, and their access tokens are revoked, which others can ask about that do not ask for the
 * session. @returns the ids of those that ended
 */
export type EndSessions = (
  stores: TransactionStores,
  userId: string,
  which?: { readonly only?: string; readonly except?: string },
) => Promise<string[]>;

export function createSessionEnd({
  revocations,
  settings,
  now,
}: Pick<EmbeddedDependencies, 'revocations' | 'settings' | 'now'>): EndSessions {
  return async (stores, userId, which) => {
    const ended = await stores.sessions.end(userId, which);
    // The last of its access tokens may have been issued just now.
    const expiresAt = new Date(now().getTime() + settings.accessTokenLifetimeSeconds * 1000);
    await revocations.revoke(stores, ...ended.map((id) => ({ kind: 'session', id, expiresAt }) as const));
    return ended;
  };
}
