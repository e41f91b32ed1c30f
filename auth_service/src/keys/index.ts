/**
 * keys: the service's own signing keys and the format of its tokens. Owns the sealed key ring (next, active, retired),
 * the JWKS, signing with the ring or with the shared secret, and the one verifier of JWTs.
 * May use storage (two rings of signing keys, for machines and for people, each with its lock), crypto, errors, and a logger.
 * Does not: say what a token claims or who may have one (`oauth`), read configuration, or write audit events.
 */
export { importKeys } from './imported-keys.ts';
export { createKeyRing } from './key-ring.ts';
export { decodeToken } from './parse-token.ts';
export { createSharedSecretKeys } from './shared-secret.ts';
export type {
  DecodedToken,
  JwtClaims,
  KeyRing,
  KeyRingDependencies,
  PublicJwk,
  RingTable,
  SharedSecretKeys,
  SigningKeySummary,
  TokenPolicy,
  VerificationKey,
} from './types.ts';
export { verifyToken } from './verify-token.ts';
