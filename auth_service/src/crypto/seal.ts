import { createCipheriv, createDecipheriv } from 'node:crypto';
import { deriveKey } from './digest.ts';
import type { Random } from './random.ts';

export interface SealerOptions {
  /** What the sealed things are, as in `signing-keys`. Each purpose has a key of its own. */
  readonly purpose: string;
  /** Of full entropy: HKDF makes the key of it, whatever its length. */
  readonly master: Buffer;
  /** Masters that still open, and seal no more. */
  readonly previous?: readonly Buffer[];
  readonly random: Pick<Random, 'bytes'>;
}

/** Seals secrets for storage: `v1.<fingerprint of the master>.<base64url>`. */
export interface Sealer {
  /** @param context where it belongs, as in `signing-key:<kid>`; it opens nowhere else. */
  seal(plain: Buffer, context: string): string;
  /** @throws SealError */
  open(sealed: string, context: string): Buffer;
  /** Names the current master and gives nothing of it away; the same for every purpose. */
  readonly fingerprint: string;
  /** All masters that open, the current one first. */
  readonly fingerprints: readonly string[];
  /** False: it was sealed under another master and should be sealed anew. */
  isCurrent(sealed: string): boolean;
}

export class SealError extends Error {
  override readonly name = 'SealError';
  readonly reason: 'unknown_key' | 'damaged';
  /** Of the master it was sealed with; null when the text does not even name one. */
  readonly fingerprint: string | null;

  constructor(reason: 'unknown_key' | 'damaged', fingerprint: string | null, options?: ErrorOptions) {
    const what = reason === 'damaged' ? 'is damaged or belongs elsewhere' : 'was sealed with an unknown key';
    super(`The sealed text ${what} (fingerprint ${fingerprint ?? 'unreadable'}).`, options);
    this.reason = reason;
    this.fingerprint = fingerprint;
  }
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED_TEXT = /^v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+)$/;

/** AES-256-GCM with a random nonce; the context is the additional authenticated data. */
export function createSealer(options: SealerOptions): Sealer {
  const masters = [options.master, ...(options.previous ?? [])];
  if (masters.some((master) => master.length === 0)) throw new RangeError('A sealing key is empty.');
  const fingerprint = fingerprintOf(options.master);
  const keys = new Map(masters.map((master) => [fingerprintOf(master), deriveKey(master, options.purpose)]));
  const currentKey = deriveKey(options.master, options.purpose);

  return {
    fingerprint,
    fingerprints: [...keys.keys()],
    isCurrent: (sealed) => sealed.startsWith(`v1.${fingerprint}.`),

    seal(plain, context) {
      const nonce = options.random.bytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, currentKey, nonce, { authTagLength: TAG_BYTES }).setAAD(
        Buffer.from(context),
      );
      const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return `v1.${fingerprint}.${body.toString('base64url')}`;
    },

    open(sealed, context) {
      const [, sealedWith, encoded] = SEALED_TEXT.exec(sealed) ?? [];
      if (sealedWith === undefined || encoded === undefined) throw new SealError('damaged', null);
      const key = keys.get(sealedWith);
      if (key === undefined) throw new SealError('unknown_key', sealedWith);
      try {
        return decrypt(key, Buffer.from(encoded, 'base64url'), context);
      } catch (cause) {
        throw new SealError('damaged', sealedWith, { cause });
      }
    },
  };
}

function decrypt(key: Buffer, body: Buffer, context: string): Buffer {
  const decipher = createDecipheriv(CIPHER, key, body.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context)).setAuthTag(body.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

function fingerprintOf(master: Buffer): string {
  return deriveKey(master, 'fingerprint').toString('hex', 0, 8);
}
