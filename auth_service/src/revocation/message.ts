import type { Revocation } from '#storage';

export const CHANNEL = 'revocations';

type Told = Omit<Revocation, 'id'>;

const KINDS: readonly string[] = [
  'token',
  'session',
  'client',
  'user',
  'all',
] satisfies readonly Revocation['kind'][];

export function writeMessage({ kind, subject, spared = null, revokedAt, expiresAt }: Told): string {
  return JSON.stringify([kind, subject, revokedAt.getTime(), expiresAt?.getTime() ?? null, spared]);
}

/** The clock of another process may be that much ahead. */
const AHEAD_AT_MOST_MS = 60_000;
/** No token lives longer: a day those of machines, a week those of Supabase. */
const LIFETIME_AT_MOST_MS = 7 * 86_400_000;

/**
 * Null: none of ours. A message can only revoke, and nothing that is not issued yet; what no row stands for is forgotten
 * when everything is read again. So a forged one does little, for a minute.
 */
export function readMessage(message: string, now: Date): Told | null {
  try {
    const [kind, subject, revokedAtMs, expiresAtMs, spared = null] = JSON.parse(message) as unknown[];
    if (typeof kind !== 'string' || !KINDS.includes(kind) || !isTime(revokedAtMs)) return null;
    if (kind === 'all' ? subject !== null : typeof subject !== 'string') return null;
    if (spared !== null && (kind !== 'user' || typeof spared !== 'string')) return null;
    if (revokedAtMs > now.getTime() + AHEAD_AT_MOST_MS) return null;
    const lastsAtMost = now.getTime() + AHEAD_AT_MOST_MS + LIFETIME_AT_MOST_MS;
    if (expiresAtMs !== null && (!isTime(expiresAtMs) || expiresAtMs > lastsAtMost)) return null;
    return {
      kind: kind as Revocation['kind'],
      subject: subject as string | null,
      spared: spared as string | null,
      revokedAt: new Date(revokedAtMs),
      expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs),
    };
  } catch {
    return null;
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
