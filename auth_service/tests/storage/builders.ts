import type { AuditEvent, Client, ClientSecret, Permission, Role, SigningKey } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';

export function roleNamed(name: string): Role {
  return { id: crypto.randomUUID(), name, description: null, createdAt: TEST_EPOCH, updatedAt: TEST_EPOCH };
}

export function permissionNamed(name: string): Permission {
  return roleNamed(name);
}

export function aClient(given: Partial<Client> = {}): Client {
  return {
    id: crypto.randomUUID(),
    name: 'Orders',
    description: null,
    isActive: true,
    allowedCallbackUrls: [],
    allowedResources: [],
    tokenEndpointAuthMethod: null,
    tokenLifetimeSeconds: null,
    rateLimit: null,
    refreshTokens: false,
    jwks: null,
    jwksUri: null,
    createdAt: TEST_EPOCH,
    updatedAt: TEST_EPOCH,
    ...given,
  };
}

export function aSecret(clientId: string, given: Partial<ClientSecret> = {}): ClientSecret {
  return {
    id: crypto.randomUUID(),
    clientId,
    algorithm: 'sha256',
    hash: 'h'.repeat(43),
    hint: 'abcd',
    createdAt: TEST_EPOCH,
    expiresAt: null,
    lastUsedAt: null,
    ...given,
  };
}

export function aSigningKey(given: Partial<SigningKey> = {}): SigningKey {
  return {
    kid: crypto.randomUUID(),
    algorithm: 'ES256',
    state: 'next',
    publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
    sealedPrivateKey: 'v1.fingerprint.sealed',
    createdAt: TEST_EPOCH,
    activatedAt: null,
    retiredAt: null,
    expiresAt: null,
    ...given,
  };
}

export function anEvent(given: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: crypto.randomUUID(),
    occurredAt: TEST_EPOCH,
    action: 'client.created',
    outcome: 'success',
    actorType: 'system',
    actorId: null,
    subjectType: null,
    subjectId: null,
    requestId: null,
    clientIp: null,
    detail: {},
    ...given,
  };
}

export function minutesAfter(date: Date, minutes: number): Date {
  return new Date(date.getTime() + minutes * 60_000);
}
