import type { Revocation } from '#storage';

export const CHANNEL = 'revocations';

type Told = Omit<Revocation, 'id'>;

const KINDS: readonly string[] = [
  'token',
  'session',
  'client',
  'all',
] satisfies readonly Revocation['kind'][];

export function writeMessage({ kind, subject, revokedAt, expiresAt }: Told): string {
  return JSON.stringify([kind, subject, revokedAt.getTime(), expiresAt?.getTime() ?? null]);
}

/** Null: none of ours. A message can only revoke, so that a forged one does no more harm than whoever can forge it. */
export function readMessage(message: string): Told | null {
  try {
    const [kind, subject, revokedAtMs, expiresAtMs] = JSON.parse(message) as unknown[];
    if (typeof kind !== 'string' || !KINDS.includes(kind) || !isTime(revokedAtMs)) return null;
    if (kind === 'all' ? subject !== null : typeof subject !== 'string') return null;
    if (expiresAtMs !== null && !isTime(expiresAtMs)) return null;
    return {
      kind: kind as Revocation['kind'],
      subject: subject as string | null,
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
