import { createAudit } from '#audit';
import { createRandom, createSealer, sha256 } from '#crypto';
import { createKeyRing, createSharedSecretKeys, decodeToken, type KeyRing } from '#keys';
import { createKv, type RateLimit } from '#kv';
import {
  createOauth,
  type FetchKeySet,
  type NewClientInput,
  type Oauth,
  type OauthSettings,
  openTokenLimits,
  type TokenRequest,
} from '#oauth';
import { createLogger } from '#observability';
import { type Authority, createRbac, type Rbac } from '#rbac';
import type { AuditEvent, AuditQuery } from '#storage';
import type { TestClock } from '../support/clock.ts';
import type { TestDatabase } from '../support/databases.ts';
import { openRevocations } from '../support/open-revocations.ts';

export const PUBLIC_URL = 'https://auth.example.com';
export const ADMIN: Authority = { type: 'system', id: null };
export const SHARED_SECRET = 'a shared secret of more than thirty-two bytes';

export interface TestOauth {
  readonly oauth: Oauth;
  readonly ring: KeyRing;
  readonly rbac: Rbac;
  readonly clock: TestClock;
  /** Secrets that were hashed since the start. */
  readonly hashed: string[];
  readonly logged: Record<string, unknown>[];
  auditEvents(query: Partial<AuditQuery>): Promise<AuditEvent[]>;
  close(): Promise<void>;
}

export interface BuildOptions {
  readonly settings?: Partial<OauthSettings>;
  /** Default: nothing can be fetched. */
  readonly fetchKeySet?: FetchKeySet;
  readonly limits?: { readonly ipFailures: RateLimit; readonly perClient: RateLimit };
}

/** The room on the real rooms below it; only the clock and the log's output are the test's own. */
export async function buildOauth(
  { storage, clock }: Pick<TestDatabase, 'storage' | 'clock'>,
  { settings = {}, limits, fetchKeySet = unreachable }: BuildOptions = {},
): Promise<TestOauth> {
  const { now } = clock;
  const random = createRandom(now);
  const logged: Record<string, unknown>[] = [];
  const hashed: string[] = [];
  const logger = createLogger({
    level: 'INFO',
    environment: 'testing',
    pretty: false,
    write: (line) => void logged.push(JSON.parse(line)),
  });
  const audit = createAudit({ storage, logger, now, random });
  const kv = createKv({ logger });
  const sealer = createSealer({ purpose: 'signing-keys', master: Buffer.alloc(32, 7), random });
  const ring = createKeyRing({ storage, sealer, algorithm: 'ES256', tokenLifetimeSeconds: 900, now, logger });
  await ring.load();
  const revocations = await openRevocations({ storage, clock, logger });
  const onRightsChanged = () => oauth.invalidate();
  const oauth: Oauth = createOauth({
    // As with the audit: not among the statements that a test counts.
    secretUseIntervalMs: 3_600_000,
    storage,
    keys: { ring, sharedSecret: createSharedSecretKeys({ secret: SHARED_SECRET, previous: null }) },
    audit,
    revocations,
    onRightsChanged,
    people: null,
    limits: openTokenLimits(kv, {
      failures: limits?.ipFailures ?? null,
      requests: limits?.perClient ?? null,
    }),
    fetchKeySet,
    settings: {
      algorithm: 'ES256',
      issuer: PUBLIC_URL,
      publicUrl: PUBLIC_URL,
      rootPath: '/api/v1',
      audience: 'paservices_microservices',
      accessTokenLifetimeSeconds: 900,
      refreshTokenLifetimeSeconds: 604_800,
      cacheStaleSeconds: 300,
      ...settings,
    },
    now,
    random,
    logger,
    hashSecret: (secret) => {
      hashed.push(secret);
      return sha256(secret);
    },
  });
  return {
    oauth,
    ring,
    rbac: createRbac({ storage, audit, onRightsChanged, now, random }),
    clock,
    hashed,
    logged,
    async auditEvents(query) {
      await audit.flush();
      return storage.auditEvents.list({ limit: 1000, ...query });
    },
    async close() {
      await audit.close();
      await kv.close();
    },
  };
}

async function unreachable(): Promise<never> {
  throw new Error('nothing can be fetched in this test');
}

export interface TestClient {
  readonly id: string;
  readonly secret: string;
}

/** A client that holds a new role with these permissions, which are made when missing. */
export async function makeClient(
  { oauth, rbac }: Pick<TestOauth, 'oauth' | 'rbac'>,
  permissions: readonly string[] = [],
  input: Partial<NewClientInput> = {},
): Promise<TestClient & { role: string }> {
  const role = `role-${Math.random().toString(36).slice(2)}`;
  await rbac.roles.create(ADMIN, { name: role });
  for (const name of permissions) {
    await rbac.permissions.create(ADMIN, { name }).catch(() => undefined);
    await rbac.grantPermission(ADMIN, role, name);
  }
  const created = await oauth.clients.create(ADMIN, { name: 'Order service', roles: [role], ...input });
  return { id: created.client.id, secret: created.secret ?? '', role };
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

/** A client_credentials request; each parameter with one value or several. */
export function tokenRequest(
  parameters: Record<string, string | readonly string[]>,
  rest: Partial<Pick<TokenRequest, 'authorization' | 'clientIp'>> = {},
): TokenRequest {
  const entries = Object.entries({ grant_type: 'client_credentials', ...parameters });
  return {
    authorization: undefined,
    clientIp: '203.0.113.7',
    ...rest,
    parameters: new Map(entries.map(([name, value]) => [name, typeof value === 'string' ? [value] : value])),
  };
}

/** The same, authenticated by Basic header. */
export function requestBy(
  { id, secret }: TestClient,
  parameters: Record<string, string | readonly string[]> = {},
): TokenRequest {
  return tokenRequest(parameters, { authorization: basic(id, secret) });
}

/** Header and claims of a token, unverified. */
export function readToken(token: string): {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
} {
  const decoded = decodeToken(token);
  if (decoded === null) throw new Error('not a token');
  return { header: { ...decoded.header }, claims: { ...decoded.claims } };
}
