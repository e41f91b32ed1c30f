import { setTimeout as sleep } from 'node:timers/promises';
import { isServiceError } from '#errors';

/**
 * Milliseconds that a migration asks for a lock before it lets others pass. All who come behind it wait as long, and
 * less than the second after which PostgreSQL looks for deadlocks: no request is ended for its sake.
 */
export const LOCK_PATIENCE_MS = 500;
const PAUSE_MS = 1_000;
/** About ten minutes. */
const TRIES_AT_MOST = 400;

/** lock_not_available, deadlock_detected */
const MET_A_LOCK: readonly unknown[] = ['55P03', '40P01'];

/**
 * Who asks for a table that a backup or a long query reads has everybody wait who comes behind: a migration would stop
 * the service for as long as those take. So it asks for a moment, begins anew, and in between everybody passes.
 * @param attempt a transaction under `lock_timeout`
 * @param onWait once, when the first one met a lock
 */
export async function untilLocksAreFree<T>(attempt: () => Promise<T>, onWait: () => void): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!metALock(error) || tries === TRIES_AT_MOST) throw error;
      if (tries === 1) onWait();
      await sleep(PAUSE_MS);
    }
  }
}

/** @param error as the engine hands it on, or as it was wrapped since */
export function metALock(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof Error && 'code' in cause && MET_A_LOCK.includes(cause.code);
}

function causeOf(error: unknown): unknown {
  return isServiceError(error) ? causeOf(error.cause) : error;
}
