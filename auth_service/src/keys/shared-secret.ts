import { equalInConstantTime, hmacSha256, prepareHmacKey } from '#crypto';
import { createTokenSigner } from './token-signer.ts';
import type { SharedSecretKeys, VerificationKey } from './types.ts';

/** HS256 (RFC 7518 §3.2) with the secret's UTF-8 bytes. The previous secret verifies, and signs no more. */
export function createSharedSecretKeys(secrets: {
  secret: string;
  previous: string | null;
}): SharedSecretKeys {
  const current = prepareHmacKey(secrets.secret);
  const previous = secrets.previous === null ? [] : [prepareHmacKey(secrets.previous)];
  return {
    signToken: createTokenSigner({ alg: 'HS256' }, (signingInput) => hmacSha256(current, signingInput)),
    keys: [current, ...previous].map(
      (key): VerificationKey => ({
        kid: null,
        algorithm: 'HS256',
        verify: (data, signature) => equalInConstantTime(hmacSha256(key, data), signature),
      }),
    ),
  };
}
