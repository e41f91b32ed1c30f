import { createHash, randomInt, randomUUID } from 'node:crypto';
import type { Fields } from './call.ts';
import { assertHashable, hashPassword } from './passwords.ts';
import { Refusal } from './refusal.ts';
import type { GotrueUser, OneTimeToken } from './store.ts';
import type { World } from './world.ts';

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const RESEND_SECONDS = 60;
const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws Refusal validation_failed */
export function readEmail(text: string): string {
  if (!EMAIL.test(text)) {
    throw new Refusal(400, 'validation_failed', 'Unable to validate email address: invalid format');
  }
  return text.toLowerCase();
}

export function newUser(
  now: Date,
  { email, password, data }: { email: string; password: string | null; data: Fields },
): GotrueUser {
  if (password !== null) assertHashable(password);
  return {
    id: randomUUID(),
    aud: 'authenticated',
    role: 'authenticated',
    email,
    newEmail: null,
    passwordHash: password === null ? null : hashPassword(password),
    emailConfirmedAt: null,
    invitedAt: null,
    confirmationSentAt: null,
    recoverySentAt: null,
    lastSignInAt: null,
    bannedUntil: null,
    deletedAt: null,
    appMetadata: { provider: 'email', providers: ['email'] },
    userMetadata: merge({}, data),
    isAnonymous: false,
    createdAt: now,
    updatedAt: now,
    identity: { id: randomUUID(), data },
  };
}

/** A null deletes the key. */
export function merge(metadata: Fields, changes: Fields): Fields {
  return Object.fromEntries(
    Object.entries({ ...metadata, ...changes }).filter(([, value]) => value !== null),
  );
}

export function confirmed(user: GotrueUser, now: Date): GotrueUser {
  if (user.emailConfirmedAt !== null) return user;
  return {
    ...user,
    emailConfirmedAt: now,
    updatedAt: now,
    userMetadata: { ...user.userMetadata, email_verified: true },
  };
}

export function isBanned(user: GotrueUser, now: Date): boolean {
  return user.bannedUntil !== null && user.bannedUntil > now;
}

/** @throws Refusal email_exists */
export function assertEmailFree({ store }: World, email: string, exceptId?: string): void {
  const holder = store.findByEmail(email);
  if (holder === undefined || holder.id === exceptId) return;
  throw new Refusal(422, 'email_exists', 'A user with this email address has already been registered');
}

/** @throws Refusal over_email_send_rate_limit */
export function assertMayBeMailed(lastMail: Date | null, now: Date): void {
  const seconds = lastMail === null ? 0 : RESEND_SECONDS - (now.getTime() - lastMail.getTime()) / 1000;
  if (seconds <= 0) return;
  throw new Refusal(
    429,
    'over_email_send_rate_limit',
    `For security purposes, you can only request this after ${Math.ceil(seconds)} seconds.`,
  );
}

/** What a mail would have taken to the user; `hash` is that of address and code. */
export function mail(
  { store, now }: World,
  user: GotrueUser,
  kind: OneTimeToken['kind'],
): { otp: string; hash: string; user: GotrueUser } {
  const otp = String(randomInt(1_000_000)).padStart(6, '0');
  const hash = hashCode(user.email, otp);
  const at = now();
  const sent = kind === 'confirmation' ? { confirmationSentAt: at } : { recoverySentAt: at };
  store.saveOneTimeToken({ hash, kind, userId: user.id, createdAt: at });
  return { otp, hash, user: store.saveUser({ ...user, ...sent, updatedAt: at }) };
}

export function hashCode(email: string, otp: string): string {
  return createHash('sha224').update(`${email}${otp}`).digest('hex');
}

/**
 * @param text a Go duration as 1h30m, or "none", or "" for what there is
 * @throws Refusal validation_failed
 */
export function readBan(text: string, before: Date | null, now: Date): Date | null {
  if (text === '') return before;
  if (text === 'none') return null;
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(text)) {
    throw new Refusal(
      400,
      'validation_failed',
      `invalid format for ban duration: time: invalid duration "${text}"`,
    );
  }
  let milliseconds = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    milliseconds += Number(amount) * (GO_UNITS[unit] ?? 0);
  }
  return new Date(now.getTime() + (text.startsWith('-') ? -milliseconds : milliseconds));
}
