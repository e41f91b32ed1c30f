import { SealError } from '#crypto';
import { ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { Person, Session, TransactionStores } from '#storage';
import type { UserSession } from '../types.ts';
import type { EmbeddedDependencies } from './dependencies.ts';
import { isSignedBy, parseRefreshToken, type RefreshToken } from './refresh-token.ts';
import { createSessionEnd } from './session-end.ts';
import type { SessionStart } from './session-start.ts';
import { isBanned } from './wire.ts';

/** Within it an old token is taken for a request that crossed another one, not for a stolen token. */
const REUSE_INTERVAL_MS = 10_000;

type Outcome =
  | { readonly is: 'alive'; readonly person: Person; readonly session: Session; readonly key: Buffer }
  | { readonly is: 'unknown' }
  | { readonly is: 'reused' };

/**
 * Each token is good once. Its holder may not have got the answer, so the last one before the current is answered with
 * the current one again; anything older, later than the interval, means that two hold the session, and ends it.
 */
export function createRefresh(dependencies: EmbeddedDependencies, sessions: SessionStart) {
  const { storage } = dependencies;

  return async function refresh(text: string): Promise<UserSession> {
    const token = parseRefreshToken(text);
    if (token === null) throw new ServiceError('refresh_token_not_found');
    const outcome = await storage.transaction((stores) => advance(stores, token, dependencies));
    if (outcome.is === 'unknown') throw new ServiceError('refresh_token_not_found');
    // After the transaction: the end of the session must stay, whatever is thrown.
    if (outcome.is === 'reused') throw new ServiceError('refresh_token_already_used');
    return sessions.hand(outcome.person, outcome.session, outcome.key);
  };
}

async function advance(
  stores: TransactionStores,
  token: RefreshToken,
  dependencies: EmbeddedDependencies,
): Promise<Outcome> {
  const { sealer, audit, now } = dependencies;
  const session = await stores.sessions.lock(token.sessionId);
  if (session === null) return { is: 'unknown' };
  const key = openRefreshKey(session, dependencies);
  if (key === null || !isSignedBy(token, key) || token.counter > session.refreshCounter) {
    return { is: 'unknown' };
  }
  const person = await stores.accounts.findPerson(session.userId);
  const at = now();
  if (person === null || isBanned(person.account, at) || person.profile?.isActive === false) {
    return { is: 'unknown' };
  }
  const behind = session.refreshCounter - token.counter;
  if (behind === 0) {
    const refreshCounter = session.refreshCounter + 1;
    // Sealed anew under a new encryption key, so that the old one can be given up one day.
    const isCurrent = sealer.isCurrent(session.sealedRefreshKey);
    const sealedRefreshKey = isCurrent ? session.sealedRefreshKey : sealer.seal(key, session.id);
    await stores.sessions.advance(session.id, { refreshCounter, sealedRefreshKey, at });
    return { is: 'alive', person, session: { ...session, refreshCounter, refreshedAt: at }, key };
  }
  const refreshedAtMs = session.refreshedAt?.getTime() ?? 0;
  if (behind === 1 || at.getTime() - refreshedAtMs <= REUSE_INTERVAL_MS) {
    return { is: 'alive', person, session, key };
  }
  await createSessionEnd(dependencies)(stores, session.userId, { only: session.id });
  await audit.record(stores, {
    action: 'user.refresh_token_reused',
    outcome: 'failure',
    actor: { type: 'anonymous', id: null },
    subject: { type: 'session', id: session.id },
    detail: { user_id: session.userId, behind },
  });
  return { is: 'reused' };
}

/** Null when no encryption key opens it any more: its holder has to log in again, which cures it. */
function openRefreshKey(session: Session, { sealer, logger }: EmbeddedDependencies): Buffer | null {
  try {
    return sealer.open(session.sealedRefreshKey, session.id);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    logger.warning('the refresh key of a session could not be opened', {
      session_id: session.id,
      error: errorContext(error),
    });
    return null;
  }
}
