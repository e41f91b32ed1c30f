import { LRUCache } from 'lru-cache';
import type { ClientForToken, Storage } from '#storage';

/** How old what is known of rights may be: after that their revision is looked at before anything is served. */
const REVISION_AGE_MS = 1_000;
/** The net under the revision, which cannot move where triggers are switched off. */
const CLIENT_AGE_MS = 5_000;
const CLIENTS_AT_MOST = 10_000;

export interface ClientCache {
  /**
   * The client as it is, or was at most a second ago; null when there is none.
   * @throws what storage throws
   */
  find(clientId: string): Promise<ClientForToken | null>;
}

interface Entry {
  readonly client: ClientForToken;
  readonly revision: number;
  readonly readAtMs: number;
}

/**
 * Clients with what they hold, kept while the revision of rights stands still. The revision is read before the client:
 * a change in between makes the entry older than it says, never newer.
 */
export function createClientCache({
  storage,
  now,
}: {
  readonly storage: Pick<Storage, 'clients' | 'rightsRevision'>;
  readonly now: () => Date;
}): ClientCache {
  const entries = new LRUCache<string, Entry>({ max: CLIENTS_AT_MOST });
  const loading = new Map<string, Promise<ClientForToken | null>>();
  let revision = { value: Number.NaN, readAtMs: Number.NEGATIVE_INFINITY };
  let reading: Promise<number> | null = null;

  async function readRevision(): Promise<number> {
    const readAtMs = now().getTime();
    const value = await storage.rightsRevision.read();
    revision = { value, readAtMs };
    return value;
  }

  function currentRevision(): Promise<number> | number {
    if (isYounger(revision.readAtMs, REVISION_AGE_MS)) return revision.value;
    reading ??= readRevision().finally(() => {
      reading = null;
    });
    return reading;
  }

  /** A clock that was set back makes everything old, too. */
  function isYounger(sinceMs: number, ageMs: number): boolean {
    const age = now().getTime() - sinceMs;
    return age >= 0 && age < ageMs;
  }

  async function load(clientId: string, known: number): Promise<ClientForToken | null> {
    const readAtMs = now().getTime();
    const client = await storage.clients.findForToken(clientId);
    // Whoever is unknown is asked for anew each time: nobody can fill the cache with ids.
    if (client === null) entries.delete(clientId);
    else entries.set(clientId, { client, revision: known, readAtMs });
    return client;
  }

  return {
    async find(clientId) {
      const known = await currentRevision();
      const entry = entries.get(clientId);
      if (entry?.revision === known && isYounger(entry.readAtMs, CLIENT_AGE_MS)) return entry.client;
      const key = `${known} ${clientId}`;
      const running = loading.get(key);
      if (running !== undefined) return running;
      const started = load(clientId, known).finally(() => loading.delete(key));
      loading.set(key, started);
      return started;
    },
  };
}
