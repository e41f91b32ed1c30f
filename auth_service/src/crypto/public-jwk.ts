import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { AsymmetricAlgorithm } from './signature.ts';

export interface PublicKey {
  /** The one algorithm that the key is for. */
  readonly algorithm: AsymmetricAlgorithm;
  readonly publicKey: KeyObject;
}

/** RFC 7518 §6.2.2, §6.3.2 and §6.4, RFC 8037 §2. */
const PRIVATE_MEMBERS: readonly (keyof JsonWebKey & string)[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** More bits than 8192, or a long exponent, would let whoever sends signatures keep the processor busy. */
const RSA_BITS = { min: 2048, max: 8192 };
const RSA_EXPONENT = { min: 3n, max: 0xffff_ffffn };

/**
 * A public key somebody else has made, for verifying what he signs: EC P-256 (ES256), OKP Ed25519 (EdDSA), or RSA of
 * 2048 to 8192 bits (RS256). `use`, `key_ops` and `alg`, where there, must say the same (RFC 7517 §4.2 to §4.4).
 * @throws TypeError saying in words for everybody what is wrong with it, as in `holds the private member "d"`
 */
export function importPublicJwk(jwk: JsonWebKey): PublicKey {
  if (jwk.kty === 'oct') throw new TypeError('is a shared secret (kty "oct"), not a public key');
  const secret = PRIVATE_MEMBERS.find((member) => Object.hasOwn(jwk, member));
  if (secret !== undefined) throw new TypeError(`holds the private member "${secret}"`);
  const algorithm = algorithmFor(jwk);
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new TypeError('has a use other than "sig"');
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) {
    throw new TypeError('has key_ops without "verify"');
  }
  if (jwk.alg !== undefined && jwk.alg !== algorithm && !(algorithm === 'EdDSA' && jwk.alg === 'Ed25519')) {
    throw new TypeError(`has an alg other than "${algorithm}", which is what its type is for`);
  }
  return { algorithm, publicKey: importKey(algorithm, jwk) };
}

function algorithmFor({ kty, crv }: JsonWebKey): AsymmetricAlgorithm {
  if (kty === 'EC' && crv === 'P-256') return 'ES256';
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA';
  if (kty === 'RSA') return 'RS256';
  throw new TypeError('is of another type than EC with P-256, OKP with Ed25519, or RSA');
}

function importKey(algorithm: AsymmetricAlgorithm, jwk: JsonWebKey): KeyObject {
  const publicKey = readKey(jwk);
  if (algorithm !== 'RS256') return publicKey;
  const { modulusLength = 0, publicExponent = 0n } = publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength < RSA_BITS.min || modulusLength > RSA_BITS.max) {
    throw new TypeError(`has ${modulusLength} bits, where ${RSA_BITS.min} to ${RSA_BITS.max} are taken`);
  }
  // With the exponent 1 every message is its own signature.
  if (publicExponent < RSA_EXPONENT.min || publicExponent > RSA_EXPONENT.max || publicExponent % 2n === 0n) {
    throw new TypeError('has an exponent that is not odd, below 3, or longer than 32 bits');
  }
  return publicKey;
}

function readKey({ kty, crv, x, y, n, e }: JsonWebKey): KeyObject {
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined);
  try {
    return createPublicKey({ key: Object.fromEntries(members), format: 'jwk' });
  } catch (cause) {
    throw new TypeError('is not a well-formed key', { cause });
  }
}
