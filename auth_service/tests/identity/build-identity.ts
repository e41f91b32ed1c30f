import { type Audit, createAudit } from '#audit';
import { createRandom, createSealer } from '#crypto';
import {
  createEmbeddedProvider,
  createPeople,
  createStrengthRules,
  createUserAdministration,
  type People,
  type UserAdministration,
} from '#identity';
import { createKeyRing, type KeyRing } from '#keys';
import { createRbac, type Rbac } from '#rbac';
import type { AuditEvent, Storage } from '#storage';
import type { TestDatabase } from '../support/databases.ts';
import { openRevocations } from '../support/open-revocations.ts';
import type { IdentityUnderTest } from './conformance/under-test.ts';
import { type ObservedPasswords, observePasswords } from './observed-passwords.ts';
import { worldAround } from './world-around.ts';

export const ISSUER = 'https://auth.example.com/auth/v1';
export const MASTER = Buffer.alloc(32, 7);

/** All there is to be had. */
export const EMBEDDED_CAPABILITIES = {
  movesTime: true,
  recovers: true,
  sharesTransactions: true,
  listsSessions: true,
  liftsBans: true,
  repeatsNewestToken: true,
  endsReused: true,
  claimsUsernames: 'the link of a mail will do it',
  seesUserAgent: true,
} as const;

export interface TestIdentity extends IdentityUnderTest {
  readonly storage: Storage;
  readonly audit: Audit;
  /** Signs for people. */
  readonly ring: KeyRing;
  readonly rbac: Rbac;
  readonly users: UserAdministration;
  readonly passwords: ObservedPasswords;
  auditEvents(): Promise<AuditEvent[]>;
  close(): Promise<void>;
}

export interface IdentityOptions {
  /** Default true. */
  readonly confirmsAutomatically?: boolean;
  /** Default: the database's own. Another one is another process. */
  readonly storage?: Storage;
  /** Encryption keys, the current one first. */
  readonly masters?: readonly [Buffer, ...Buffer[]];
}

/** The room on the real rooms below it; only the clock is the test's own. */
export async function buildIdentity(
  database: TestDatabase,
  { confirmsAutomatically = true, storage = database.storage, masters = [MASTER] }: IdentityOptions = {},
): Promise<TestIdentity> {
  const { clock, logger } = database;
  const { now } = clock;
  const random = createRandom(now);
  // Events are written when a test asks for them, so that they are not among the statements it counts.
  const audit = createAudit({ storage, logger, now, random, flushIntervalMs: 3_600_000 });
  const rbac = createRbac({ storage, audit, now, random });
  await rbac.ensureBuiltIns();
  const [master, ...previous] = masters;
  const sealerFor = (purpose: string) => createSealer({ purpose, master, previous, random });
  const ring = createKeyRing({
    storage,
    table: 'personKeys',
    sealer: sealerFor('person-keys'),
    algorithm: 'ES256',
    tokenLifetimeSeconds: 3600,
    now,
    logger,
  });
  await ring.load();
  const revocations = await openRevocations({ ...database, storage });
  const passwords = observePasswords();
  const dependencies = {
    ...{ storage, ring, passwords, audit, revocations, now, random, logger },
    sealer: sealerFor('refresh-keys'),
    settings: { issuer: ISSUER, accessTokenLifetimeSeconds: 3600, confirmsAutomatically },
  };
  const provider = createEmbeddedProvider(dependencies);
  const above = { provider, storage, audit, strength: createStrengthRules(), now };
  const people: People = createPeople(above);
  const users = createUserAdministration(above);
  return {
    ...{ provider, people, users, storage, audit, ring, rbac, passwords },
    ...worldAround(dependencies, clock),
    async auditEvents() {
      await audit.flush();
      return await storage.auditEvents.list({ limit: 1000 });
    },
    close: () => audit.close(),
  };
}
