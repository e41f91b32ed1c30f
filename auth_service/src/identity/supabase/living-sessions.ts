import { ServiceError } from '#errors';
import type { SupabaseSession } from '#storage';
import type { Workbench } from './workbench.ts';

/** Those of a person that were not ended here, newest first. @throws ServiceError `sessions_not_readable`. */
export async function livingSessions(
  { view, revocations }: Pick<Workbench, 'view' | 'revocations'>,
  userId: string,
): Promise<SupabaseSession[]> {
  const sessions = await view.sessions(userId);
  if (sessions === null) throw new ServiceError('sessions_not_readable');
  return sessions.filter(({ id: sessionId, createdAt }) => {
    const startedAt = Math.floor(createdAt.getTime() / 1000);
    return !revocations.isKnownRevoked({ userId, sessionId, startedAt, issuedAt: Number.POSITIVE_INFINITY });
  });
}
