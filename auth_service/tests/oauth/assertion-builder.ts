import { randomUUID } from 'node:crypto';
import type { JsonWebKeySet } from '#storage';
import { assemble, signedBy, type TestKey } from '../keys/token-builder.ts';
import { PUBLIC_URL, tokenRequest } from './build-oauth.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

interface Changes {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly signer?: (signingInput: string) => Buffer;
}

/** An assertion that is right but for the changes. */
export function assertionBy(clientId: string, key: TestKey, now: Date, changes: Changes = {}): string {
  const seconds = now.getTime() / 1000;
  const claims = { iss: clientId, sub: clientId, aud: PUBLIC_URL, jti: randomUUID() };
  return assemble(
    { alg: key.algorithm, kid: key.kid, ...changes.header },
    { ...claims, iat: seconds, exp: seconds + 60, ...changes.claims },
    changes.signer ?? signedBy(key),
  );
}

export function requestAsserting(
  assertion: string,
  parameters: Record<string, string | readonly string[]> = {},
) {
  return tokenRequest({
    client_assertion: assertion,
    client_assertion_type: ASSERTION_TYPE,
    ...parameters,
  });
}

export function keySetOf(...keys: TestKey[]): JsonWebKeySet {
  return { keys: keys.map(({ publicJwk, kid }) => ({ ...publicJwk, kid })) };
}
