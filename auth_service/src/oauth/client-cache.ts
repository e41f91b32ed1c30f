import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { isServiceError } from '#errors';
import type { ClientForToken, Storage } from '#storage';

/** How old what is known of rights may be: after that their revision is looked at before anything is served. */
const REVISION_AGE_MS = 1_000;
/** The net under the revision, which cannot move where triggers are switched off. */
const CLIENT_AGE_MS = 5_000;
const CLIENTS_AT_MOST = 10_000;
/** A database that takes longer is as good as away, for those who can do without. */
const PATIENCE_MS = 300;

export interface ClientCache {
  /**
   * The client as it is, or was at most a second ago; null when there is none.
   * @throws what storage throws
   */
  find(clientId: string): Promise<ClientForToken | null>;
  /**
   * The same; while the database cannot be reached, or does not answer, the client as it was last known, for as long as
   * the cache may be stale.
   */
  findForToken(clientId: string): Promise<ClientForToken | null>;
  /** Whether it would be found without a question, as far as is known now. */
  isWarm(clientId: string): boolean;
  /** Somebody changed rights: the revision is looked at before anything is served again. */
  invalidate(): void;
}

export interface ClientCacheDependencies {
  readonly storage: Pick<Storage, 'clients' | 'rightsRevision'>;
  readonly now: () => Date;
  /** How long clients get tokens while nobody can say what they hold now. */
  readonly staleSeconds: number;
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
export function createClientCache(dependencies: ClientCacheDependencies): ClientCache {
  const { storage, now, staleSeconds } = dependencies;
  const entries = new LRUCache<string, Entry>({ max: CLIENTS_AT_MOST });
  const loading = new Map<string, Promise<ClientForToken | null>>();
  /** The number, and when it was last known to be the newest. `isDue`: it is not to be trusted any longer. */
  let revision = { value: Number.NaN, readAtMs: Number.NEGATIVE_INFINITY, isDue: true };
  let reading: Promise<number> | null = null;
  let readingSinceMs = 0;
  let changes = 0;

  async function readRevision(): Promise<number> {
    const readAtMs = now().getTime();
    const changesBefore = changes;
    const value = await storage.rightsRevision.read();
    // Told of a change while it was read: what was read may be from before.
    revision = { value, readAtMs, isDue: changes !== changesBefore };
    return value;
  }

  function currentRevision(): Promise<number> | number {
    if (isFresh()) return revision.value;
    if (reading === null) {
      readingSinceMs = now().getTime();
      reading = readRevision().finally(() => {
        reading = null;
      });
    }
    return reading;
  }

  function isFresh(): boolean {
    return !revision.isDue && isYounger(revision.readAtMs, REVISION_AGE_MS);
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

  /** A crowd that comes for one client asks once. */
  function loadOnce(clientId: string, known: number): Promise<ClientForToken | null> {
    const key = `${known} ${clientId}`;
    const running = loading.get(key);
    if (running !== undefined) return running;
    const started = load(clientId, known).finally(() => loading.delete(key));
    loading.set(key, started);
    return started;
  }

  function entryAt(clientId: string, known: number): Entry | undefined {
    const entry = entries.get(clientId);
    return entry?.revision === known && isYounger(entry.readAtMs, CLIENT_AGE_MS) ? entry : undefined;
  }

  async function find(clientId: string): Promise<ClientForToken | null> {
    const known = await currentRevision();
    return entryAt(clientId, known)?.client ?? (await loadOnce(clientId, known));
  }

  /** As it was when the revision was last known: whatever was changed before then is in it. */
  function lastKnown(clientId: string): ClientForToken | null {
    const entry = entries.get(clientId);
    if (entry === undefined || entry.revision !== revision.value) return null;
    return isYounger(revision.readAtMs, staleSeconds * 1000) ? entry.client : null;
  }

  return {
    find,

    async findForToken(clientId) {
      const stale = lastKnown(clientId);
      const found = find(clientId);
      if (stale === null || isFresh()) return withoutExpired(await found, now());
      try {
        // Who is late goes on in the background, and its answer is there for the next request.
        const patienceMs = Math.max(0, readingSinceMs + PATIENCE_MS - now().getTime());
        const late = patienceMs === 0 ? stale : sleep(patienceMs, stale, { ref: false });
        return withoutExpired(await Promise.race([found, late]), now());
      } catch (error) {
        if (isServiceError(error, 'database_unavailable')) return withoutExpired(stale, now());
        throw error;
      } finally {
        found.catch(() => undefined);
      }
    },

    isWarm: (clientId) => isFresh() && entryAt(clientId, revision.value) !== undefined,

    invalidate() {
      changes += 1;
      revision = { ...revision, isDue: true };
    },
  };
}

/** Secrets that have ended since they were read. */
function withoutExpired(found: ClientForToken | null, now: Date): ClientForToken | null {
  if (found === null) return null;
  const isLive = ({ expiresAt }: ClientForToken['secrets'][number]) => expiresAt === null || expiresAt > now;
  return found.secrets.every(isLive) ? found : { ...found, secrets: found.secrets.filter(isLive) };
}
