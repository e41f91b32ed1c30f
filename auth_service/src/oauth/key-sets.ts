import type { JsonWebKey } from 'node:crypto';
import { type AsymmetricAlgorithm, importPublicJwk, verify } from '#crypto';
import type { VerificationKey } from '#keys';

const ALGORITHMS: readonly AsymmetricAlgorithm[] = ['ES256', 'EdDSA', 'RS256'];

/** The key of RFC 7517 appendix A.1. */
const EXAMPLE_KEY: JsonWebKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
};
const EXAMPLE_SIGNATURE = Buffer.alloc(64, 1);

/** Those that a token naming this key may be signed with. One that names none is tried with each. */
export function keysNamed(keys: readonly VerificationKey[], kid: unknown): VerificationKey[] {
  if (kid === undefined) return keys.map((key) => ({ ...key, kid: null }));
  return keys.filter((key) => key.kid === null || key.kid === kid);
}

/** What stands for the keys of a client that is not there: as much work as one of them, and never right. */
export function createNobodysKeys(): readonly VerificationKey[] {
  const { algorithm: used, publicKey } = importPublicJwk(EXAMPLE_KEY);
  return ALGORITHMS.map((algorithm) => ({
    kid: null,
    algorithm,
    verify(data) {
      verify(used, publicKey, data, EXAMPLE_SIGNATURE);
      return false;
    },
  }));
}
