import { type Audit, createAudit } from '#audit';
import { createRandom } from '#crypto';
import {
  createPeople,
  createStrengthRules,
  createUserAdministration,
  loadSupabaseProvider,
  type People,
  type SupabaseProvider,
  type SupabaseSettings,
  type UserAdministration,
} from '#identity';
import { createRbac, type Rbac } from '#rbac';
import type { AuditEvent, Storage } from '#storage';
import type { TestDatabase } from '../support/databases.ts';
import { openRevocations, type TestRevocations } from '../support/open-revocations.ts';

export interface SupabaseRooms {
  readonly provider: SupabaseProvider;
  readonly people: People;
  readonly users: UserAdministration;
  readonly storage: Storage;
  readonly audit: Audit;
  readonly rbac: Rbac;
  readonly revocations: TestRevocations;
  auditEvents(): Promise<AuditEvent[]>;
}

/** The adapter as compose opens it, on the real rooms below it. */
export async function openSupabaseRooms(
  { storage, logger, clock }: Pick<TestDatabase, 'storage' | 'logger' | 'clock'>,
  settings: SupabaseSettings,
): Promise<SupabaseRooms> {
  const { now } = clock;
  const random = createRandom(now);
  const audit = createAudit({ storage, logger, now, random, flushIntervalMs: 3_600_000 });
  const rbac = createRbac({ storage, audit, now, random });
  await rbac.ensureBuiltIns();
  const revocations = await openRevocations({ storage, logger, clock });
  const createSupabaseProvider = await loadSupabaseProvider();
  const provider = createSupabaseProvider({
    ...{ storage, audit, revocations, now, random, logger },
    settings,
  });
  const above = { provider, storage, audit, strength: createStrengthRules({ bytesMax: 72 }), now };
  return {
    ...{ provider, storage, audit, rbac, revocations },
    people: createPeople(above),
    users: createUserAdministration(above),
    async auditEvents() {
      await audit.flush();
      return await storage.auditEvents.list({ limit: 1000 });
    },
  };
}
