import { isServiceError } from '#errors';
import { errorContext } from '#observability';
import type { Standing, SupabaseSession } from '#storage';
import type { SupabaseDependencies } from './dependencies.ts';

const LOOKED_AT_EACH_MS = 60_000;
/** The longest that Supabase lets an access token live: seven days. */
const LONGEST_LIFETIME_MS = 604_800_000;
const OTHER = 'what Supabase Auth has just written is not in the database of this service';

/** What Supabase's own tables show, where our database is Supabase's and they may be read. */
export interface DatabaseView {
  /** Whether a log-in that is not in the tables has ended. */
  isShared(): boolean;
  /** Why it is not; null while nobody has looked, or it is. */
  reason(): string | null;
  /**
   * Asked at most each minute. A copy that was restored, or a replica that lags, has other log-ins: taken for Supabase's
   * own it would log everybody out.
   * @param fresh a log-in that GoTrue has made just now: where it is not there, it is another database
   */
  prove(fresh: { readonly userId: string; readonly sessionId: string }): Promise<void>;
  /** The same by an account as GoTrue has it, while nobody logs in. */
  proveBy(account: { readonly userId: string; readonly updatedAt: Date | null }): Promise<void>;
  /** A log-in that GoTrue has made just now is not in it. */
  doubt(): void;
  /** Of a person, newest first; null where they cannot be read, or can no longer be. */
  sessions(userId: string): Promise<SupabaseSession[] | null>;
  standing(userId: string, sessionId: string): Promise<Standing>;
}

export function createDatabaseView({ storage, logger, now }: SupabaseDependencies): DatabaseView {
  const { supabaseAccounts: accounts } = storage;
  let isShared = false;
  let reason: string | null = null;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  async function look(isThere: () => Promise<boolean>): Promise<void> {
    lookedAtMs = now().getTime();
    const blindness = await accounts.blindness();
    const known = blindness === null && (await isThere());
    tell(known ? null : (blindness ?? OTHER));
    if (known) await accounts.limitEnded(new Date(now().getTime() + LONGEST_LIFETIME_MS));
  }

  function tell(found: string | null): void {
    const known = found === null;
    if (found !== reason || known !== isShared) {
      if (known) logger.info('The log-ins of people are read from auth.sessions');
      else logger.warning('The log-ins of people cannot be listed', { reason: found });
    }
    isShared = known;
    reason = found;
  }

  /** The right to read them was taken away, or the tables. */
  function lose(error: unknown): void {
    if (isServiceError(error, 'database_unavailable')) throw error;
    logger.warning('The log-ins of people can no longer be read', { error: errorContext(error) });
    isShared = false;
    lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  const isDue = () => Math.abs(now().getTime() - lookedAtMs) >= LOOKED_AT_EACH_MS;

  return {
    isShared: () => isShared,
    reason: () => reason,

    async prove({ userId, sessionId }) {
      if (isDue()) await look(() => accounts.hasSession(userId, sessionId));
    },

    async proveBy({ userId, updatedAt }) {
      if (isDue()) await look(() => accounts.hasUser(userId, updatedAt));
    },

    doubt: () => tell(OTHER),

    async sessions(userId) {
      if (!isShared) return null;
      try {
        return await accounts.sessions(userId);
      } catch (error) {
        lose(error);
        return null;
      }
    },

    async standing(userId, sessionId) {
      if (!isShared) return await accounts.standing(userId, sessionId, false);
      try {
        return await accounts.standing(userId, sessionId, true);
      } catch (error) {
        lose(error);
        return await accounts.standing(userId, sessionId, false);
      }
    },
  };
}
