import { importKeys, type VerificationKey } from '#keys';
import { errorContext } from '#observability';
import type { OauthDependencies } from './types.ts';

const FRESH_MS = 600_000;
/** Between two tries for one client, whatever strangers send in its name. */
const FLOOR_MS = 30_000;
/** How long keys stay in use that could not be fetched again: keys that were taken back must not live on for long. */
const STALE_MS = 3_600_000;
const CLIENTS_AT_MOST = 1000;
/** Tried one after another where an assertion names none. */
const KEYS_AT_MOST = 20;

interface KeySet {
  readonly uri: string;
  keys: readonly VerificationKey[];
  /** `-Infinity`: never. */
  fetchedAtMs: number;
  triedAtMs: number;
  /** Why the last try brought nothing. */
  failure: string | null;
  fetching: Promise<void> | null;
}

export interface RemoteKeys {
  /**
   * The keys behind a client's `jwks_uri`, at most ten minutes old; at most an hour where they cannot be fetched. Asked
   * for again when the one that is named is not among them, at most every 30 seconds.
   * @returns the keys, or why there are none, which is for the audit event and for nobody who asks
   */
  find(clientId: string, uri: string, kid: unknown): Promise<readonly VerificationKey[] | string>;
}

/** In this process's memory; the clients that were asked for longest ago are forgotten first. */
export function createRemoteKeys({ fetchKeySet, now, logger }: OauthDependencies): RemoteKeys {
  const sets = new Map<string, KeySet>();
  // A clock that was set back makes everything old.
  const isWithin = (sinceMs: number, spanMs: number) => Math.abs(now().getTime() - sinceMs) < spanMs;

  function setOf(clientId: string, uri: string): KeySet {
    const known = sets.get(clientId);
    const never = Number.NEGATIVE_INFINITY;
    const unknown = { uri, keys: [], fetchedAtMs: never, triedAtMs: never, failure: null, fetching: null };
    const set: KeySet = known?.uri === uri ? known : unknown;
    sets.delete(clientId);
    for (const oldest of sets.keys()) {
      if (sets.size < CLIENTS_AT_MOST) break;
      sets.delete(oldest);
    }
    sets.set(clientId, set);
    return set;
  }

  async function fetchAgain(clientId: string, set: KeySet): Promise<void> {
    set.triedAtMs = now().getTime();
    try {
      set.keys = importKeys(readKeySet(await fetchKeySet(set.uri)).slice(0, KEYS_AT_MOST));
      set.fetchedAtMs = now().getTime();
      set.failure = null;
    } catch (error) {
      set.failure = error instanceof Error ? error.message : String(error);
      logger.warning('the keys of a client could not be fetched from its jwks_uri', {
        client_id: clientId,
        error: errorContext(error),
      });
    } finally {
      set.fetching = null;
    }
  }

  return {
    async find(clientId, uri, kid) {
      const set = setOf(clientId, uri);
      const hasKey = kid === undefined || set.keys.some((key) => key.kid === kid);
      if (!hasKey || !isWithin(set.fetchedAtMs, FRESH_MS)) {
        if (!isWithin(set.triedAtMs, FLOOR_MS)) set.fetching ??= fetchAgain(clientId, set);
        await set.fetching;
      }
      if (isWithin(set.fetchedAtMs, STALE_MS)) return set.keys;
      return `The keys of the client cannot be fetched from its jwks_uri: ${set.failure ?? 'not tried again yet'}`;
    },
  };
}

function readKeySet(body: unknown): readonly unknown[] {
  const keys = typeof body === 'object' && body !== null && 'keys' in body ? body.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('the answer is no JSON Web Key Set');
  return keys;
}
