import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sha256, systemRandom } from '#crypto';
import { isServiceError, type ServiceError } from '#errors';
import type { Oauth, TokenRequest } from '#oauth';
import type { ClientSecret, Storage } from '#storage';
import { aClient } from '../storage/builders.ts';
import type { TestClient } from './build-oauth.ts';

/** The error that a request is refused with. */
export async function refusalOf(oauth: Oauth, request: TokenRequest): Promise<ServiceError> {
  try {
    await oauth.issueToken(request);
  } catch (error) {
    if (isServiceError(error)) return error;
    throw error;
  }
  return assert.fail('a token was issued');
}

/** A client as no verb of the room makes one yet: it was switched off. */
export async function makeInactiveClient(storage: Storage): Promise<TestClient> {
  const { id } = await storage.clients.insert(aClient({ name: 'Switched off', isActive: false }));
  return { id, secret: await addSecret(storage, id) };
}

export async function addSecret(
  storage: Storage,
  clientId: string,
  columns: Partial<ClientSecret> = {},
): Promise<string> {
  const secret = `pas_${systemRandom.token()}`;
  await storage.clientSecrets.insert({
    id: randomUUID(),
    clientId,
    algorithm: 'sha256',
    hash: sha256(secret).toString('base64url'),
    hint: secret.slice(-4),
    createdAt: new Date(),
    expiresAt: null,
    lastUsedAt: null,
    ...columns,
  });
  return secret;
}
