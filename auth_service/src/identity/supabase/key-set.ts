import { ServiceError } from '#errors';
import { importKeys, type VerificationKey } from '#keys';
import { errorContext, type Logger } from '#observability';
import type { Gotrue } from './gotrue.ts';
import { isRefusal } from './refusal.ts';

/** As GoTrue's own `Cache-Control` says. */
const FRESH_MS = 600_000;
/** From then on they are asked for again while the known ones serve. */
const RENEWED_AFTER_MS = FRESH_MS / 2;
/** Between two tries, whatever `kid`s strangers send. */
const FLOOR_MS = 5_000;
/** Keys that were taken back must not live on for long where nobody can be asked. */
const STALE_MS = 3_600_000;
const KEYS_AT_MOST = 20;

export interface KeySet {
  /**
   * The public keys of GoTrue, ten minutes old at most, an hour where they cannot be fetched. Asked for again when the
   * one that is named is not among them, at most every five seconds.
   * @throws ServiceError `identity_unavailable` where none are known.
   */
  find(kid: string | undefined): Promise<readonly VerificationKey[]>;
}

export function createKeySet({
  gotrue,
  now,
  logger,
}: {
  readonly gotrue: Pick<Gotrue, 'read'>;
  readonly now: () => Date;
  readonly logger: Logger;
}): KeySet {
  let keys: readonly VerificationKey[] = [];
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | null = null;
  // A clock that was set back makes everything old.
  const isWithin = (sinceMs: number, spanMs: number) => Math.abs(now().getTime() - sinceMs) < spanMs;

  async function fetchAgain(): Promise<void> {
    triedAtMs = now().getTime();
    try {
      keys = importKeys(
        readKeys(await gotrue.read('/.well-known/jwks.json', 'anybody')).slice(0, KEYS_AT_MOST),
      );
      fetchedAtMs = now().getTime();
    } catch (error) {
      if (isRefusal(error) && error.status === 404) {
        // An older GoTrue, which signs with the shared secret alone.
        keys = [];
        fetchedAtMs = now().getTime();
        return;
      }
      logger.warning('the keys of Supabase Auth could not be fetched', { error: errorContext(error) });
    } finally {
      fetching = null;
    }
  }

  return {
    async find(kid) {
      const hasKey = kid === undefined || keys.some((key) => key.kid === kid);
      if (!hasKey || !isWithin(fetchedAtMs, RENEWED_AFTER_MS)) {
        if (!isWithin(triedAtMs, FLOOR_MS)) fetching ??= fetchAgain();
        if (!hasKey || !isWithin(fetchedAtMs, FRESH_MS)) await fetching;
      }
      if (isWithin(fetchedAtMs, STALE_MS)) return keys;
      throw new ServiceError('identity_unavailable', undefined, { retryAfterSeconds: FLOOR_MS / 1000 });
    },
  };
}

function readKeys(body: unknown): readonly unknown[] {
  const keys = typeof body === 'object' && body !== null && 'keys' in body ? body.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('the answer is no JSON Web Key Set');
  return keys;
}
