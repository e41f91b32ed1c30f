import { equalInConstantTime, hmacSha256, sha256 } from '#crypto';

/**
 * GoTrue's second kind of refresh token: nothing is stored but a counter and a key for each session.
 * `0x00 | session id (16 bytes) | counter (uvarint) | HMAC-SHA256 (16 of its bytes) | SHA-256 (4 of its bytes)`,
 * as base64url. The last part only finds typing errors; the HMAC, by the session's own key, is the proof.
 */
export interface RefreshToken {
  readonly sessionId: string;
  readonly counter: number;
  /** Everything the HMAC covers. */
  readonly signedPart: Buffer;
  readonly signature: Buffer;
}

const VERSION = 0;
const UUID_BYTES = 16;
const SIGNATURE_BYTES = 16;
const CHECKSUM_BYTES = 4;
const FIXED_BYTES = 1 + UUID_BYTES + SIGNATURE_BYTES + CHECKSUM_BYTES;
/** A counter stays below 2^53, which is 8 bytes of 7 bits. */
const COUNTER_BYTES_AT_MOST = 8;

export function writeRefreshToken(sessionId: string, counter: number, key: Buffer): string {
  const signedPart = Buffer.concat([
    Buffer.of(VERSION),
    Buffer.from(sessionId.replaceAll('-', ''), 'hex'),
    writeUvarint(counter),
  ]);
  const signed = Buffer.concat([signedPart, sign(key, signedPart)]);
  return Buffer.concat([signed, checksum(signed)]).toString('base64url');
}

/** @returns null when the text cannot be a token of this kind; says nothing about who made it. */
export function parseRefreshToken(text: string): RefreshToken | null {
  const bytes = Buffer.from(text, 'base64url');
  // Buffer skips what is no base64url: only the one canonical spelling of a token is that token.
  if (bytes.toString('base64url') !== text) return null;
  const counterBytes = bytes.length - FIXED_BYTES;
  if (counterBytes < 1 || counterBytes > COUNTER_BYTES_AT_MOST || bytes[0] !== VERSION) return null;
  const signed = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!equalInConstantTime(checksum(signed), bytes.subarray(-CHECKSUM_BYTES))) return null;
  const signedPart = signed.subarray(0, -SIGNATURE_BYTES);
  const counter = readUvarint(signedPart.subarray(1 + UUID_BYTES));
  if (counter === null) return null;
  return {
    sessionId: formatUuid(signedPart.subarray(1, 1 + UUID_BYTES)),
    counter,
    signedPart,
    signature: signed.subarray(-SIGNATURE_BYTES),
  };
}

export function isSignedBy(token: RefreshToken, key: Buffer): boolean {
  return equalInConstantTime(sign(key, token.signedPart), token.signature);
}

function sign(key: Buffer, data: Buffer): Buffer {
  return hmacSha256(key, data).subarray(0, SIGNATURE_BYTES);
}

function checksum(data: Buffer): Buffer {
  return sha256(data).subarray(0, CHECKSUM_BYTES);
}

function writeUvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** @returns null when the bytes are not exactly one number below 2^53 in its shortest form. */
function readUvarint(bytes: Buffer): number | null {
  let value = 0;
  for (const [index, byte] of bytes.entries()) {
    const isLast = index === bytes.length - 1;
    if (byte < 0x80 !== isLast || (isLast && byte === 0 && index > 0)) return null;
    value += (byte & 0x7f) * 0x80 ** index;
  }
  return Number.isSafeInteger(value) ? value : null;
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
