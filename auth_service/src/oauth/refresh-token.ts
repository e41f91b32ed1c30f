import { type Random, sha256 } from '#crypto';

/** The prefix lets secret scanners find what leaked. */
const REFRESH_TOKEN = /^par_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[\w-]{43}$/;

export interface RefreshToken {
  readonly familyId: string;
  /** base64url of the SHA-256 of its text: 256 random bits need no slow hash. */
  readonly hash: string;
}

/** The text is handed out once and never stored. */
export function makeRefreshToken(familyId: string, random: Random): RefreshToken & { readonly text: string } {
  const text = `par_${familyId.replaceAll('-', '')}_${random.token(32)}`;
  return { text, familyId, hash: hashOf(text) };
}

/** Null: no such token was ever made here. */
export function parseRefreshToken(text: string): RefreshToken | null {
  const [found, ...parts] = REFRESH_TOKEN.exec(text) ?? [];
  return found === undefined ? null : { familyId: parts.join('-'), hash: hashOf(text) };
}

function hashOf(text: string): string {
  return sha256(text).toString('base64url');
}
