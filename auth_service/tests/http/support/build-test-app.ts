import { type Audit, createAudit } from '#audit';
import { createRandom, createSealer } from '#crypto';
import { createKeyRing, createSharedSecretKeys, type KeyRing } from '#keys';
import { createKv, type RateLimit } from '#kv';
import { createOauth, type NewClientInput, type Oauth, openTokenLimits } from '#oauth';
import { type Authority, createRbac, type Rbac } from '#rbac';
import { describePersonTokens } from '../../../src/compose/person-tokens.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { openRevocations, type TestRevocations } from '../../support/open-revocations.ts';
import { buildWireApp, SERVER, type WireApp, type WireOptions } from './build-wire-app.ts';
import { openPeopleRooms, type PeopleOptions, type PeopleRooms } from './people-rooms.ts';

export const TOKEN_PATH = `${SERVER.rootPath}/auth/token`;
const ADMIN: Authority = { type: 'system', id: null };

export interface TestApp extends WireApp {
  readonly oauth: Oauth;
  readonly rbac: Rbac;
  readonly audit: Audit;
  readonly revocations: TestRevocations;
  /** Signs for machines. */
  readonly ring: KeyRing;
  readonly people: PeopleRooms | null;
  /** A client that holds a new role with these permissions. */
  makeClient(permissions?: readonly string[], input?: Partial<NewClientInput>): Promise<TestClient>;
}

interface TestClient {
  readonly id: string;
  readonly secret: string;
  /** The Authorization header of client_secret_basic. */
  readonly basic: string;
}

export interface TestAppOptions extends WireOptions {
  /** Of failures by address and of requests by client. Default: off. */
  readonly rate?: RateLimit;
  readonly algorithm?: 'ES256' | 'HS256';
  /** Default: accounts are kept elsewhere. */
  readonly people?: PeopleOptions;
}

/** The HTTP room on the real rooms below it. */
export async function buildTestApp(
  database: TestDatabase,
  { rate, algorithm = 'ES256', ...options }: TestAppOptions = {},
): Promise<TestApp> {
  const { storage, clock, logger } = database;
  const { now } = clock;
  const random = createRandom(now);
  // What is enqueued is written when the test asks for it, so that it is not among the statements it counts.
  const audit = createAudit({ storage, logger, now, random, flushIntervalMs: 3_600_000 });
  await audit.start();
  const kv = createKv({ logger });
  const sealer = createSealer({ purpose: 'signing-keys', master: Buffer.alloc(32, 7), random });
  const ring = createKeyRing({ storage, sealer, algorithm: 'ES256', tokenLifetimeSeconds: 900, now, logger });
  await ring.load();
  const onRightsChanged = () => oauth.invalidate();
  const rbac = createRbac({ storage, audit, onRightsChanged, now, random });
  const revocations = await openRevocations(database);
  const { publicUrl, rootPath } = { ...SERVER, ...options.server };
  const people =
    options.people === undefined
      ? null
      : await openPeopleRooms(
          { storage, audit, kv, revocations, random, now, logger, publicUrl },
          options.people,
        );
  const oauth: Oauth = createOauth({
    // As with the audit: not among the statements that a test counts.
    secretUseIntervalMs: 3_600_000,
    storage,
    audit,
    revocations,
    onRightsChanged,
    people: people === null ? null : describePersonTokens(people.face.people, people.face.issuers),
    keys: { ring, sharedSecret: createSharedSecretKeys({ secret: 's'.repeat(40), previous: null }) },
    limits: openTokenLimits(kv, { failures: rate ?? null, requests: rate ?? null }),
    fetchKeySet: () => Promise.reject(new Error('nothing can be fetched in this test')),
    settings: {
      algorithm,
      issuer: algorithm === 'HS256' ? 'paservices_auth_service' : publicUrl,
      publicUrl,
      rootPath,
      audience: 'paservices_microservices',
      accessTokenLifetimeSeconds: 900,
      refreshTokenLifetimeSeconds: 604_800,
      cacheStaleSeconds: 300,
    },
    now,
    random,
    logger,
  });
  const rooms = {
    oauth,
    rbac,
    audit,
    keys: ring,
    people: people?.face ?? null,
    health: { database: () => storage.check(), redis: null },
    ...options.rooms,
  };
  const wire = buildWireApp({ ...options, rooms });
  return {
    ...wire,
    ...{ oauth, rbac, audit, revocations, ring, people },
    makeClient: (permissions = [], input = {}) => makeClient(oauth, rbac, permissions, input),
    async [Symbol.asyncDispose]() {
      await wire.app.close();
      await audit.close();
      await kv.close();
    },
  };
}

async function makeClient(
  oauth: Oauth,
  rbac: Rbac,
  permissions: readonly string[],
  input: Partial<NewClientInput>,
): Promise<TestClient> {
  const role = `role-${Math.random().toString(36).slice(2)}`;
  await rbac.roles.create(ADMIN, { name: role });
  for (const name of permissions) {
    await rbac.permissions.create(ADMIN, { name });
    await rbac.grantPermission(ADMIN, role, name);
  }
  const { client, secret } = await oauth.clients.create(ADMIN, { name: 'Orders', roles: [role], ...input });
  const pair = `${client.id}:${secret ?? ''}`;
  return { id: client.id, secret: secret ?? '', basic: `Basic ${Buffer.from(pair).toString('base64')}` };
}
