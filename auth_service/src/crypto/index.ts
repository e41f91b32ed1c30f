/**
 * crypto: every cryptographic primitive of the product, on node:crypto alone: randomness and ids, digests, key
 * derivation, sealing of secrets at rest, key pairs and signatures.
 * It may use nothing of ours. It stores nothing, reads no configuration and knows no token format: `keys` does.
 * Password hashing is not here: what people choose needs slow hashes, what is made here is random.
 */
export { deriveKey, equalInConstantTime, hmacSha256, prepareHmacKey, sha256 } from './digest.ts';
export { exportPrivateKey, generateKeyPair, importPrivateKey, type KeyPair } from './key-pair.ts';
export { importPublicJwk, type PublicKey } from './public-jwk.ts';
export { createRandom, type Random, systemRandom } from './random.ts';
export { createSealer, SealError, type Sealer, type SealerOptions } from './seal.ts';
export { type AsymmetricAlgorithm, sign, verify } from './signature.ts';
export { jwkThumbprint } from './thumbprint.ts';
