import { BulkheadRejectedError, bulkhead, isBulkheadRejectedError } from 'cockatiel';
import { ServiceError } from '#errors';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { createDatabaseView, type DatabaseView } from './database-view.ts';
import type { SupabaseDependencies } from './dependencies.ts';
import { createGotrue, type Gotrue } from './gotrue.ts';
import { createKeySet } from './key-set.ts';
import { createSessionEnds, type SessionEnds } from './session-ends.ts';

/** Each holds a connection to the database while GoTrue works. */
const TURNS_AT_ONCE = 2;
const WAITING_TURNS = 100;
/** Whoever had to wait for longer is not begun with: with GoTrue's own deadline it would be more than three seconds. */
const LONGEST_WAIT_MS = 1_000;

/** What the verbs of this folder share. */
export interface Workbench extends SupabaseDependencies {
  readonly gotrue: Gotrue;
  readonly tokens: AccessTokens;
  readonly view: DatabaseView;
  readonly ends: SessionEnds;
  /**
   * For a transaction in which GoTrue is asked: few at a time, the others wait without a connection, so that a slow
   * GoTrue does not take the database from everybody else. @throws ServiceError `identity_unavailable`.
   */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

export function createWorkbench(dependencies: SupabaseDependencies): Workbench {
  const gotrue = createGotrue(dependencies);
  const view = createDatabaseView(dependencies);
  const turns = bulkhead(TURNS_AT_ONCE, WAITING_TURNS);
  return {
    ...dependencies,
    gotrue,
    view,
    tokens: createAccessTokens(dependencies, createKeySet({ ...dependencies, gotrue })),
    ends: createSessionEnds(dependencies, gotrue, view),
    async inTurn(work) {
      const since = performance.now();
      try {
        return await turns.execute(() => {
          if (performance.now() - since > LONGEST_WAIT_MS)
            throw new BulkheadRejectedError(TURNS_AT_ONCE, WAITING_TURNS);
          return work();
        });
      } catch (cause) {
        if (!(cause instanceof Error) || !isBulkheadRejectedError(cause)) throw cause;
        throw new ServiceError('identity_unavailable', undefined, { cause, retryAfterSeconds: 1 });
      }
    },
  };
}
