import type { JsonWebKey } from 'node:crypto';
import { importPublicJwk, verify } from '#crypto';
import type { VerificationKey } from './types.ts';

/**
 * The usable keys among these (RFC 7517 §5: others are passed over), as verifiers with the one algorithm of each.
 * Those that hold their private half are no keys any more.
 */
export function importKeys(jwks: readonly unknown[]): VerificationKey[] {
  return jwks.flatMap((jwk) => {
    try {
      const { kid } = jwk as JsonWebKey;
      const { algorithm, publicKey } = importPublicJwk(jwk as JsonWebKey);
      return [
        {
          kid: typeof kid === 'string' ? kid : null,
          algorithm,
          verify: (data: Buffer | string, signature: Buffer) => verify(algorithm, publicKey, data, signature),
        },
      ];
    } catch (error) {
      if (error instanceof TypeError) return [];
      throw error;
    }
  });
}
