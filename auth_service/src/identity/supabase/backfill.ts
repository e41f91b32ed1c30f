import { DEFAULT_ROLE } from '../adoption.ts';
import { namesIn } from '../profile-input.ts';
import type { Accounts } from './accounts.ts';
import { seenIn } from './wire.ts';
import type { Workbench } from './workbench.ts';

export interface Backfilled {
  /** Accounts that were looked at. */
  readonly seen: number;
  /** Profiles that were made. */
  readonly adopted: number;
}

/**
 * Gives everybody whom GoTrue knows their profile and the default role. Who has one keeps it; safe to run again, and
 * beside everything else.
 * @param onProgress called after each page
 */
export function createBackfill({ storage, now }: Workbench, accounts: Accounts) {
  return async (onProgress: (done: Backfilled) => void = () => undefined): Promise<Backfilled> => {
    const done = { seen: 0, adopted: 0 };
    for (let page = 1; ; page += 1) {
      const users = await accounts.list(page);
      if (users.length === 0) return done;
      const at = now();
      const people = users.map((user) => {
        const seen = seenIn(user);
        const names = {
          username: null,
          firstName: null,
          lastName: null,
          ...namesIn(user.user_metadata ?? {}),
        };
        return {
          userId: user.id,
          email: seen.email,
          ...names,
          isActive: true,
          createdAt: at,
          updatedAt: at,
          seen,
        };
      });
      done.adopted += await storage.supabaseAccounts.adoptMany(people, [DEFAULT_ROLE]);
      done.seen += users.length;
      onProgress({ ...done });
    }
  };
}
