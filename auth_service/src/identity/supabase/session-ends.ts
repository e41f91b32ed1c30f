import type { TransactionStores } from '#storage';
import type { DatabaseView } from './database-view.ts';
import type { SupabaseDependencies } from './dependencies.ts';
import type { Gotrue } from './gotrue.ts';

/** The longest that Supabase lets an access token live: seven days. */
const LONGEST_LIFETIME_SECONDS = 604_800;

/** All of a person's, or only one, or all but one. */
export interface Which {
  readonly only?: string;
  readonly except?: string;
  /** Those that there were, where GoTrue has ended them already. */
  readonly known?: readonly string[] | undefined;
}

export interface SessionEnds {
  /**
   * Their access tokens are good for nothing here from the commit on. Log-ins are never deleted in Supabase's tables
   * (contract §3): where GoTrue does not end them itself, they are refused for as long as it might renew them.
   * @param byGotrue whether GoTrue ends them as well, so that only what was issued by now has to be refused
   * @param isDeleted whether the account goes: then none may begin beside it either
   * @returns the ids of those that ended, as far as they are known
   */
  end(
    stores: TransactionStores,
    userId: string,
    which: Which,
    options: { readonly byGotrue: boolean; readonly isDeleted?: boolean },
  ): Promise<string[]>;
  /** How long access tokens live, as far as was seen. In seconds. */
  learnLifetime(seconds: number): void;
}

export function createSessionEnds(
  { revocations, now }: SupabaseDependencies,
  gotrue: Pick<Gotrue, 'clockAheadMs'>,
  view: Pick<DatabaseView, 'sessions'>,
): SessionEnds {
  let lifetime = 0;

  function lastTokenExpires(): Date {
    const seconds = lifetime === 0 ? LONGEST_LIFETIME_SECONDS : lifetime;
    return new Date(now().getTime() + seconds * 1000);
  }

  /** Outside of the caller's transaction, which a right that was taken away would break. */
  async function idsOf(userId: string, { only, except, known }: Which) {
    if (only !== undefined) return [only];
    const ids = known ?? (await view.sessions(userId))?.map(({ id }) => id);
    return ids?.filter((id) => id !== except) ?? null;
  }

  return {
    async end(stores, userId, which, { byGotrue, isDeleted = false }) {
      const expiresAt = byGotrue ? lastTokenExpires() : null;
      const ids = await idsOf(userId, which);
      const listed = (ids ?? []).map((id) => ({ kind: 'session', id, expiresAt }) as const);
      // Log-ins begin by GoTrue's clock.
      const begunUpTo = new Date(now().getTime() + gotrue.clockAheadMs());
      const all = { kind: 'user', id: userId, spared: which.except, begunUpTo, expiresAt } as const;
      await revocations.revoke(stores, ...listed, ...(ids === null || isDeleted ? [all] : []));
      return ids ?? [];
    },

    learnLifetime(seconds) {
      lifetime = Math.min(Math.max(lifetime, seconds), LONGEST_LIFETIME_SECONDS);
    },
  };
}
