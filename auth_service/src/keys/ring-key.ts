import {
  type AsymmetricAlgorithm,
  exportPrivateKey,
  importPrivateKey,
  jwkThumbprint,
  type KeyPair,
  SealError,
  type Sealer,
  sign,
  verify,
} from '#crypto';
import { ServiceError } from '#errors';
import type { SigningKey } from '#storage';
import { createTokenSigner, type SignToken } from './token-signer.ts';
import type { PublicJwk, SigningKeySummary, VerificationKey } from './types.ts';

/** A key of the ring, opened. */
export interface RingKey {
  readonly summary: SigningKeySummary;
  readonly publicJwk: PublicJwk;
  readonly signToken: SignToken;
  readonly verification: VerificationKey;
}

/**
 * What is published comes out of the sealed private key, never from the public column beside it: who can write to
 * the database but does not hold the encryption key can add no key to the ring.
 * @throws ServiceError `encryption_key_mismatch`, `sealed_data_damaged`
 */
export function openRingKey(row: SigningKey, sealer: Sealer): RingKey {
  const { privateKey, publicKey, publicJwk } = openKeyPair(row, sealer);
  const { kid, algorithm } = row;
  return {
    summary: summaryOf(row),
    publicJwk: publishedJwk(kid, algorithm, publicJwk),
    signToken: createTokenSigner({ alg: algorithm, kid }, (input) => sign(algorithm, privateKey, input)),
    verification: {
      kid,
      algorithm,
      verify: (data, signature) => verify(algorithm, publicKey, data, signature),
    },
  };
}

export function sealKeyPair(
  kid: string,
  algorithm: AsymmetricAlgorithm,
  pair: KeyPair,
  sealer: Sealer,
): string {
  return sealer.seal(exportPrivateKey(pair.privateKey), sealContext(kid, algorithm));
}

/** The same key sealed with the current encryption key. */
export function reseal({ kid, algorithm, sealedPrivateKey }: SigningKey, sealer: Sealer): string {
  const context = sealContext(kid, algorithm);
  return sealer.seal(sealer.open(sealedPrivateKey, context), context);
}

export function summaryOf(row: SigningKey): SigningKeySummary {
  const { kid, algorithm, state, createdAt, activatedAt, retiredAt, expiresAt } = row;
  return { kid, algorithm, state, createdAt, activatedAt, retiredAt, expiresAt };
}

function sealContext(kid: string, algorithm: AsymmetricAlgorithm): string {
  return `signing-key:${algorithm}:${kid}`;
}

function openKeyPair(row: SigningKey, sealer: Sealer): KeyPair {
  try {
    const pkcs8 = sealer.open(row.sealedPrivateKey, sealContext(row.kid, row.algorithm));
    const pair = importPrivateKey(row.algorithm, pkcs8);
    if (jwkThumbprint(pair.publicJwk) !== row.kid) throw new TypeError('The kid is not that of the key.');
    return pair;
  } catch (cause) {
    if (cause instanceof SealError && cause.reason === 'unknown_key') throw keyMismatch(row, cause, sealer);
    throw new ServiceError(
      'sealed_data_damaged',
      `The signing key ${row.kid} was altered or damaged in the database. Restore the table signing_keys from a backup.`,
      { cause },
    );
  }
}

function keyMismatch(row: SigningKey, cause: SealError, sealer: Sealer): ServiceError {
  const configured = sealer.fingerprints.join(', ');
  return new ServiceError(
    'encryption_key_mismatch',
    `The signing key ${row.kid} is sealed with the encryption key of fingerprint ${cause.fingerprint}; configured: ` +
      `${configured}. Set ENCRYPTION_KEY to the key it was sealed with or, when that was replaced on purpose, keep ` +
      'the old one in ENCRYPTION_KEY_PREVIOUS. Where ENCRYPTION_KEY was unset, it was derived from M2M_JWT_SECRET_KEY.',
    { cause },
  );
}

// RFC 7517 §4.2 to §4.5.
function publishedJwk(kid: string, alg: AsymmetricAlgorithm, jwk: KeyPair['publicJwk']): PublicJwk {
  const { kty = '', crv, x, y, n, e } = jwk;
  const members = Object.entries({ crv, x, y, n, e }).filter(([, value]) => value !== undefined);
  return { kty, kid, use: 'sig', alg, key_ops: ['verify'], ...Object.fromEntries(members) };
}
