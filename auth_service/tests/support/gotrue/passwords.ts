import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal } from './refusal.ts';

const MIN_LENGTH = 6;
/** bcrypt reads no further. */
const MAX_BYTES = 72;

/** Salted SHA-256: enough for a double, and no work. */
export function hashPassword(password: string): string {
  const salt = randomBytes(16).toString('hex');
  return `$double$${salt}$${digest(salt, password)}`;
}

export function isPassword(password: string, hash: string | null): boolean {
  const [, name, salt, expected] = hash?.split('$') ?? [];
  if (name !== 'double' || salt === undefined || expected === undefined) return false;
  return timingSafeEqual(Buffer.from(digest(salt, password)), Buffer.from(expected));
}

export function assertStrong(password: string): void {
  assertHashable(password);
  if (password.length < MIN_LENGTH) {
    throw new Refusal(422, 'weak_password', `Password should be at least ${MIN_LENGTH} characters.`, [
      'length',
    ]);
  }
}

export function assertHashable(password: string): void {
  if (Buffer.byteLength(password) > MAX_BYTES) {
    throw new Refusal(400, 'validation_failed', `Password cannot be longer than ${MAX_BYTES} characters`);
  }
}

function digest(salt: string, password: string): string {
  return createHash('sha256').update(`${salt}${password}`).digest('hex');
}
