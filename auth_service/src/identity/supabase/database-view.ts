import { isServiceError } from '#errors';
import { errorContext } from '#observability';
import type { Standing } from '#storage';
import type { SupabaseDependencies } from './dependencies.ts';

const LOOKED_AT_EACH_MS = 60_000;

/** What Supabase's own tables show, where our database is Supabase's and they may be read. */
export interface DatabaseView {
  /** Whether a log-in that is not in the tables has ended. */
  isShared(): boolean;
  /** Why it is not; null while nobody has looked, or it is. */
  reason(): string | null;
  /** @param userId of somebody who has an account at this moment: if they are not there, it is another database. */
  prove(userId: string): Promise<void>;
  standing(userId: string, sessionId: string): Promise<Standing>;
}

export function createDatabaseView({ storage, logger, now }: SupabaseDependencies): DatabaseView {
  const { supabaseAccounts: accounts } = storage;
  let isShared = false;
  let reason: string | null = null;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  async function look(userId: string): Promise<void> {
    const blindness = await accounts.blindness();
    const known = blindness === null && (await accounts.hasUser(userId));
    const other = 'the accounts of this Supabase are not in the database of this service';
    const found = known ? null : (blindness ?? other);
    if (found !== reason || known !== isShared) {
      if (known) logger.info('The log-ins of people are read from auth.sessions');
      else logger.warning('The log-ins of people cannot be listed', { reason: found });
    }
    isShared = known;
    reason = found;
    lookedAtMs = now().getTime();
  }

  return {
    isShared: () => isShared,
    reason: () => reason,

    async prove(userId) {
      if (Math.abs(now().getTime() - lookedAtMs) < LOOKED_AT_EACH_MS) return;
      await look(userId);
    },

    async standing(userId, sessionId) {
      if (!isShared) return await accounts.standing(userId, sessionId, false);
      try {
        return await accounts.standing(userId, sessionId, true);
      } catch (error) {
        if (isServiceError(error, 'database_unavailable')) throw error;
        // The right to read them was taken away.
        logger.warning('The log-ins of people can no longer be read', { error: errorContext(error) });
        isShared = false;
        lookedAtMs = Number.NEGATIVE_INFINITY;
        return await accounts.standing(userId, sessionId, false);
      }
    },
  };
}
