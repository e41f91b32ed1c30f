import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair as generateKeyPairCallback,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { AsymmetricAlgorithm } from './signature.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The members that make the public key, and nothing else (RFC 7518 §6, RFC 8037 §2). */
  readonly publicJwk: JsonWebKey;
}

const generate = promisify(generateKeyPairCallback);
const RSA_BITS = 2048;

/** Off the event loop: an RSA key takes a while. */
export async function generateKeyPair(algorithm: AsymmetricAlgorithm): Promise<KeyPair> {
  const { privateKey } = await generateFor(algorithm);
  return keyPairOf(privateKey);
}

function generateFor(algorithm: AsymmetricAlgorithm): Promise<{ privateKey: KeyObject }> {
  switch (algorithm) {
    case 'ES256':
      return generate('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generate('ed25519');
    case 'RS256':
      return generate('rsa', { modulusLength: RSA_BITS });
  }
}

/** PKCS #8 DER, in the clear: seal it before it is stored. */
export function exportPrivateKey(privateKey: KeyObject): Buffer {
  return privateKey.export({ type: 'pkcs8', format: 'der' });
}

/**
 * The way back from `exportPrivateKey`.
 * @throws TypeError when it is no private key that fits the algorithm (P-256; Ed25519; RSA of at least 2048 bits)
 */
export function importPrivateKey(algorithm: AsymmetricAlgorithm, pkcs8: Buffer): KeyPair {
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  if (!fits(algorithm, privateKey)) throw new TypeError(`The private key does not fit ${algorithm}.`);
  return keyPairOf(privateKey);
}

function fits(
  algorithm: AsymmetricAlgorithm,
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
): boolean {
  switch (algorithm) {
    case 'ES256':
      return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';
    case 'EdDSA':
      return asymmetricKeyType === 'ed25519';
    case 'RS256':
      return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS;
  }
}

function keyPairOf(privateKey: KeyObject): KeyPair {
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, publicJwk: publicKey.export({ format: 'jwk' }) };
}
