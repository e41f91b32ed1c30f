import { createOncePerWindow } from '#kv';
import { errorContext } from '#observability';
import type { OauthDependencies } from './types.ts';

const WINDOW_SECONDS = 60;
/** Rows in one statement, and statements in one go: no request waits long behind them. */
const ROWS_AT_ONCE = 500;
const STATEMENTS_AT_MOST = 20;
/** Another process, whose clock is behind, may still ask for a row that has expired by the clock of this one. */
const GRACE_MS = 60_000;

/**
 * Deletes refresh tokens and used assertions that have expired: in the background of what makes new ones, once a minute
 * at most, in portions. What is left over goes a minute later.
 */
export function createExpirySweep({ storage, now, logger }: OauthDependencies): () => void {
  const isFirst = createOncePerWindow(now);

  async function sweep(): Promise<void> {
    const before = new Date(now().getTime() - GRACE_MS);
    for (const store of [storage.clientRefreshTokens, storage.clientAssertions]) {
      for (let statements = 0; statements < STATEMENTS_AT_MOST; statements += 1) {
        if ((await store.deleteExpired(before, ROWS_AT_ONCE)) < ROWS_AT_ONCE) break;
      }
    }
  }

  return () => {
    if (!isFirst('', WINDOW_SECONDS)) return;
    sweep().catch((error: unknown) =>
      logger.warning('expired refresh tokens and assertions could not be deleted', {
        error: errorContext(error),
      }),
    );
  };
}
