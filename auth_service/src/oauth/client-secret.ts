import { type Random, sha256 } from '#crypto';
import type { ClientSecret } from '#storage';

const PREFIX = 'pas_';
const HINT_LENGTH = 4;

export interface NewSecret {
  /** Shown once, never stored. Null: only its hash is known here. */
  readonly text: string | null;
  readonly stored: Pick<ClientSecret, 'algorithm' | 'hash' | 'hint'>;
}

/** 256 random bits need no slow hash: nobody guesses them. The prefix lets secret scanners find what leaked. */
export function makeSecret(random: Random): NewSecret {
  const text = `${PREFIX}${random.token(32)}`;
  const hash = sha256(text).toString('base64url');
  return { text, stored: { algorithm: 'sha256', hash, hint: text.slice(-HINT_LENGTH) } };
}

/** A secret that moves here with its bcrypt hash. Its last characters are unknown. */
export function importSecret(hash: string): NewSecret {
  return { text: null, stored: { algorithm: 'bcrypt', hash, hint: '' } };
}
