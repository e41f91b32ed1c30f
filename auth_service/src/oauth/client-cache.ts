import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { isServiceError } from '#errors';
import type { Revocations } from '#revocation';
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
  /** As it would be found without a question; null where one is needed. */
  warm(clientId: string): ClientForToken | null;
  /** Somebody changed rights: the revision is looked at before anything is served again. */
  invalidate(): void;
}

export interface ClientCacheDependencies {
  readonly storage: Pick<Storage, 'clients' | 'rightsRevision'>;
  readonly revocations: Pick<Revocations, 'isKnownRevoked'>;
  readonly now: () => Date;
  /** How long clients get tokens while nobody can say what they hold now. */
  readonly staleSeconds: number;
}

interface Entry {
  readonly client: ClientForToken;
  readonly readAtMs: number;
}

/**
 * Clients with what they hold, kept while the revision of rights stands still. A client is read together with the
 * revision, so that who comes for the first time costs one statement, and whoever comes again one a second for all.
 */
export function createClientCache(dependencies: ClientCacheDependencies): ClientCache {
  const { storage, revocations, now, staleSeconds } = dependencies;
  const entries = new LRUCache<string, Entry>({ max: CLIENTS_AT_MOST });
  const loading = new Map<string, Promise<ClientForToken | null>>();
  /** The number, and when it was last known to be the newest. `isDue`: it is not to be trusted any longer. */
  let revision = { value: Number.NaN, readAtMs: Number.NEGATIVE_INFINITY, isDue: true };
  let reading: { readonly answer: Promise<number>; readonly sinceMs: number } | null = null;
  /** When the first question was asked of those that nothing has answered yet. Null: the database answers. */
  let unansweredSinceMs: number | null = null;
  let changes = 0;

  /** @param read at what moment, and at what count of changes that were told, it was asked for */
  function learn(value: number, read: { readonly atMs: number; readonly changes: number }): void {
    // Of two that were asked side by side, the one that was asked first may be the one that comes last.
    if (read.atMs < revision.readAtMs && value < revision.value) return;
    // Told of a change meanwhile: what was read may be from before.
    revision = { value, readAtMs: read.atMs, isDue: changes !== read.changes };
  }

  async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    unansweredSinceMs ??= now().getTime();
    const answer = await question();
    unansweredSinceMs = null;
    return answer;
  }

  async function readRevision(): Promise<number> {
    const asked = { atMs: now().getTime(), changes };
    learn(await ask(() => storage.rightsRevision.read()), asked);
    return revision.value;
  }

  function currentRevision(): Promise<number> | number {
    if (isFresh()) return revision.value;
    // One that hangs must not hold up those that would be answered.
    if (reading !== null && isYounger(reading.sinceMs, REVISION_AGE_MS)) return reading.answer;
    const answer = readRevision().finally(() => {
      if (reading?.answer === answer) reading = null;
    });
    reading = { answer, sinceMs: now().getTime() };
    return answer;
  }

  function isFresh(): boolean {
    return !revision.isDue && isYounger(revision.readAtMs, REVISION_AGE_MS);
  }

  /** A clock that was set back makes everything old, too. */
  function isYounger(sinceMs: number, ageMs: number): boolean {
    const age = now().getTime() - sinceMs;
    return age >= 0 && age < ageMs;
  }

  async function load(clientId: string): Promise<ClientForToken | null> {
    const asked = { atMs: now().getTime(), changes };
    const client = await ask(() => storage.clients.findForToken(clientId));
    // Whoever is unknown is asked for anew each time: nobody can fill the cache with ids.
    if (client === null) entries.delete(clientId);
    else {
      entries.set(clientId, { client, readAtMs: asked.atMs });
      learn(client.rightsRevision, asked);
    }
    return client;
  }

  const loadKey = (clientId: string) => `${revision.value} ${changes} ${clientId}`;

  /** A crowd that comes for one client asks once; who comes after a change was told asks again. */
  function loadOnce(clientId: string): Promise<ClientForToken | null> {
    const key = loadKey(clientId);
    const running = loading.get(key);
    if (running !== undefined) return running;
    const started = load(clientId).finally(() => loading.delete(key));
    loading.set(key, started);
    return started;
  }

  function isYoung(entry: Entry): boolean {
    return isYounger(entry.readAtMs, CLIENT_AGE_MS);
  }

  function clientAt(clientId: string, known: number): ClientForToken | null {
    const entry = entries.get(clientId);
    return entry?.client.rightsRevision === known && isYoung(entry) ? entry.client : null;
  }

  async function find(clientId: string): Promise<ClientForToken | null> {
    const entry = entries.get(clientId);
    // While nothing is answered, known clients ask one question together, not one each.
    const isDue = entry === undefined || (unansweredSinceMs === null && !isYoung(entry));
    if (isDue || loading.has(loadKey(clientId))) return await loadOnce(clientId);
    return clientAt(clientId, await currentRevision()) ?? (await loadOnce(clientId));
  }

  function warm(clientId: string): ClientForToken | null {
    return isFresh() ? clientAt(clientId, revision.value) : null;
  }

  /**
   * As it was when the revision was last known: whatever was changed before then is in it. Nothing for a client that was
   * switched off since, which another process may have told.
   */
  function lastKnown(clientId: string): ClientForToken | null {
    const entry = entries.get(clientId);
    if (entry?.client.rightsRevision !== revision.value) return null;
    if (revocations.isKnownRevoked({ clientId, issuedAt: entry.readAtMs / 1000 })) return null;
    return isYounger(revision.readAtMs, staleSeconds * 1000) ? entry.client : null;
  }

  return {
    find,

    async findForToken(clientId) {
      const known = warm(clientId);
      if (known !== null) return withoutExpired(known, now());
      const stale = lastKnown(clientId);
      const found = find(clientId);
      if (stale === null) return withoutExpired(await found, now());
      try {
        // Who is late goes on in the background, and its answer is there for the next request.
        const sinceMs = unansweredSinceMs ?? now().getTime();
        const patienceMs = Math.max(0, sinceMs + PATIENCE_MS - now().getTime());
        const late = patienceMs === 0 ? stale : sleep(patienceMs, stale, { ref: false });
        return withoutExpired(await Promise.race([found, late]), now());
      } catch (error) {
        if (isServiceError(error, 'database_unavailable')) return withoutExpired(stale, now());
        throw error;
      } finally {
        found.catch(() => undefined);
      }
    },

    warm,

    invalidate() {
      changes += 1;
      // One that is under way may bring what was before.
      reading = null;
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
