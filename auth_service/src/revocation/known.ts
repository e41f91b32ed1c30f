import type { Revocation } from '#storage';
import type { TokenMarks } from './index.ts';

/** What was revoked, as far as this process knows, without what has expired. */
export interface Known {
  add(revocation: Omit<Revocation, 'id'>): void;
  isRevoked(token: TokenMarks): boolean;
  /** Forgets what has expired. */
  prune(now: Date): void;
  readonly size: number;
}

/** The end of a person's log-ins. */
interface Ending {
  readonly revokedAtMs: number;
  readonly spared: string | null;
  readonly expiresAtMs: number;
}

interface Until {
  /** Milliseconds; tokens issued up to then are revoked. */
  readonly revokedAtMs: number;
  /** Infinity: never. */
  readonly expiresAtMs: number;
}

export function createKnown(): Known {
  const tokens = new Map<string, number>();
  const sessions = new Map<string, number>();
  const clients = new Map<string, Until>();
  const users = new Map<string, readonly Ending[]>();
  let all: Until | null = null;

  const later = (one: Until, other: Until | null | undefined): Until => ({
    revokedAtMs: Math.max(one.revokedAtMs, other?.revokedAtMs ?? one.revokedAtMs),
    expiresAtMs: Math.max(one.expiresAtMs, other?.expiresAtMs ?? one.expiresAtMs),
  });

  return {
    add({ kind, subject, spared = null, revokedAt, expiresAt }) {
      const expiresAtMs = expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
      const until = { revokedAtMs: revokedAt.getTime(), expiresAtMs };
      const id = subject ?? '';
      const lastOf = (known: ReadonlyMap<string, number>) => Math.max(known.get(id) ?? 0, expiresAtMs);
      if (kind === 'token') tokens.set(id, lastOf(tokens));
      else if (kind === 'session') sessions.set(id, lastOf(sessions));
      else if (kind === 'client') clients.set(id, later(until, clients.get(id)));
      else if (kind === 'user') users.set(id, withEnding(users.get(id) ?? [], { ...until, spared }));
      else all = later(until, all);
    },

    isRevoked({ tokenId, sessionId, clientId, issuedAt = Number.NEGATIVE_INFINITY, ...person }) {
      if (tokenId !== undefined && tokens.has(tokenId)) return true;
      if (sessionId !== undefined && sessions.has(sessionId)) return true;
      // Whole seconds: one that was issued in the same second counts as issued before.
      const isBefore = (until: Until | null | undefined) =>
        until != null && issuedAt * 1000 <= until.revokedAtMs;
      if (isBefore(all) || (clientId !== undefined && isBefore(clients.get(clientId)))) return true;
      const { userId, startedAt } = person;
      // A token that does not say when its log-in began is judged by its own age, or it would be good never again.
      if (all !== null && startedAt !== undefined && startedAt * 1000 <= all.revokedAtMs) return true;
      const startedAtMs = (startedAt ?? Number.NEGATIVE_INFINITY) * 1000;
      const endings = userId === undefined ? undefined : users.get(userId);
      return (
        endings?.some(
          ({ revokedAtMs, spared }) =>
            startedAtMs <= revokedAtMs && (spared === null || spared !== sessionId),
        ) ?? false
      );
    },

    prune(now) {
      const nowMs = now.getTime();
      for (const known of [tokens, sessions]) {
        for (const [id, expiresAtMs] of known) if (expiresAtMs <= nowMs) known.delete(id);
      }
      for (const [id, { expiresAtMs }] of clients) if (expiresAtMs <= nowMs) clients.delete(id);
      for (const [id, endings] of users) {
        const left = endings.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
        if (left.length === 0) users.delete(id);
        else if (left.length < endings.length) users.set(id, left);
      }
      if (all !== null && all.expiresAtMs <= nowMs) all = null;
    },

    get size() {
      return tokens.size + sessions.size + clients.size + users.size + (all === null ? 0 : 1);
    },
  };
}

/** One that ends less than another, and no longer, adds nothing: a person has few. */
function withEnding(known: readonly Ending[], ending: Ending): readonly Ending[] {
  const isCovered = (one: Ending, by: Ending) =>
    by.revokedAtMs >= one.revokedAtMs &&
    by.expiresAtMs >= one.expiresAtMs &&
    (by.spared === null || by.spared === one.spared);
  if (known.some((other) => isCovered(ending, other))) return known;
  return [...known.filter((other) => !isCovered(other, ending)), ending];
}
