import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import {
  type AsymmetricAlgorithm,
  generateKeyPair,
  jwkThumbprint,
  type KeyPair,
  sign,
  verify,
} from '#crypto';
import { isServiceError } from '#errors';
import { type JwtClaims, type TokenPolicy, type VerificationKey, verifyToken } from '#keys';

export const NOW = new Date('2026-03-01T12:00:00.000Z');
export const NOW_SECONDS = NOW.getTime() / 1000;

export interface TestKey extends VerificationKey, KeyPair {
  readonly kid: string;
  readonly algorithm: AsymmetricAlgorithm;
}

export async function makeKey(algorithm: AsymmetricAlgorithm): Promise<TestKey> {
  const pair = await generateKeyPair(algorithm);
  return {
    ...pair,
    kid: jwkThumbprint(pair.publicJwk),
    algorithm,
    verify: (data, signature) => verify(algorithm, pair.publicKey, data, signature),
  };
}

export function policyFor(keys: readonly VerificationKey[], changes: Partial<TokenPolicy> = {}): TokenPolicy {
  return {
    issuer: 'https://auth.example.com',
    audience: 'paservices_microservices',
    typ: 'at+jwt',
    findKeys: (kid) => keys.filter((key) => key.kid === null || key.kid === kid),
    clockToleranceSeconds: 5,
    ...changes,
  };
}

export function goodClaims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: 'https://auth.example.com',
    aud: 'paservices_microservices',
    sub: '019507a4-0000-7000-8000-000000000001',
    iat: NOW_SECONDS,
    exp: NOW_SECONDS + 900,
    jti: '019507a4-0000-7000-8000-000000000002',
    ...changes,
  };
}

export function goodHeader(key: TestKey, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { alg: key.algorithm, typ: 'at+jwt', kid: key.kid, ...changes };
}

/** Strings are taken as the JSON text they are, so that it may be wrong. */
export function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

/** A JWS of any parts, its signature by whatever is given. */
export function assemble(header: unknown, claims: unknown, signer: (signingInput: string) => Buffer): string {
  const signingInput = `${encode(header)}.${encode(claims)}`;
  return `${signingInput}.${signer(signingInput).toString('base64url')}`;
}

export function signedBy(key: { algorithm: AsymmetricAlgorithm; privateKey: KeyObject }) {
  return (signingInput: string) => sign(key.algorithm, key.privateKey, signingInput);
}

/** A token that is right but for the changes, honestly signed. */
export function token(
  key: TestKey,
  claims: unknown = goodClaims(),
  header: unknown = goodHeader(key),
): string {
  return assemble(header, claims, signedBy(key));
}

export function assertAccepted(text: string, policy: TokenPolicy, now = NOW): JwtClaims {
  return verifyToken(text, policy, now);
}

/** @param reason of the refusal, so that a token is not refused for something else */
export function assertRefused(text: string, policy: TokenPolicy, reason: RegExp, now = NOW): void {
  assert.throws(
    () => verifyToken(text, policy, now),
    (error) => {
      assert.ok(isServiceError(error, 'invalid_token'), `${error}`);
      assert.match(error.message, reason);
      return true;
    },
  );
}
