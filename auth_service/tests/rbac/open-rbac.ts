import { type Audit, createAudit } from '#audit';
import { systemRandom } from '#crypto';
import { type Authority, type BoundAuthority, createRbac, type Rbac } from '#rbac';
import type { AuditEvent, Storage } from '#storage';
import type { OpenTestDatabase, TestDatabase } from '../support/databases.ts';

export const ADMIN: Authority = { type: 'system', id: null };

/** More than any test gives anybody. */
export const ALL = { limit: 200, offset: 0 };

export interface RbacUnderTest extends TestDatabase {
  readonly rbac: Rbac;
  /** rbac over another connection, as another process has it. */
  rbacOver(storage: Storage): Rbac;
  /** rbac whose audit rows cannot be written. */
  readonly rbacWithoutAudit: Rbac;
  /** Action, subject type and detail of every event so far. */
  events(): Promise<Pick<AuditEvent, 'action' | 'subjectType' | 'detail'>[]>;
  /** A client's id. */
  createClient(name?: string): Promise<string>;
  /** A client that holds these permissions, which are made where they are missing, and acts by them. */
  actorHolding(...permissions: string[]): Promise<BoundAuthority>;
  /** A person's id; without an account, as one whom another server knows. */
  createUser(email?: string): Promise<string>;
}

export async function openRbac(
  open: OpenTestDatabase,
  options: { fresh?: boolean } = {},
): Promise<RbacUnderTest> {
  const database = await open(options);
  const { storage, clock, logger } = database;
  const rbacOver = (over: Storage, audit: Pick<Audit, 'record'> = createAudit({ storage: over, ...parts })) =>
    createRbac({ storage: over, audit, now: clock.now, random: systemRandom });
  const parts = { logger, now: clock.now, random: systemRandom };
  const failing = {
    record: async () => {
      throw new Error('no audit, no change');
    },
  };
  async function createClient(name = 'Orders'): Promise<string> {
    const at = clock.now();
    const { id } = await storage.clients.insert({
      id: systemRandom.uuid(),
      name,
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
      createdAt: at,
      updatedAt: at,
    });
    return id;
  }

  return {
    ...database,
    rbac: rbacOver(storage),
    rbacOver: (over) => rbacOver(over),
    rbacWithoutAudit: rbacOver(storage, failing),
    async events() {
      const events = await storage.auditEvents.list({ limit: 1000 });
      const inOrder = events.sort((a, b) => (a.id < b.id ? -1 : 1));
      return inOrder.map(({ action, subjectType, detail }) => ({ action, subjectType, detail }));
    },
    async actorHolding(...permissions) {
      const id = await createClient('Clerk');
      const rbac = rbacOver(storage);
      const { name } = await rbac.roles.create(ADMIN, { name: `clerks-${systemRandom.uuid()}` });
      for (const permission of permissions) {
        const known = await storage.permissions.findByName(permission);
        if (known === null) await rbac.permissions.create(ADMIN, { name: permission });
        await rbac.grantPermission(ADMIN, name, permission);
      }
      await rbac.grantRoleToClient(ADMIN, id, name);
      return { type: 'client', id, permissions };
    },
    async createUser(email = 'ada@example.com') {
      const at = clock.now();
      const userId = systemRandom.uuid();
      const names = { username: null, firstName: null, lastName: null };
      await storage.profiles.insert(
        { userId, email, ...names, isActive: true, createdAt: at, updatedAt: at },
        [],
      );
      return userId;
    },
    createClient,
  };
}

export async function heldBy(storage: Storage, roleName: string): Promise<string[]> {
  const role = await storage.roles.findByName(roleName);
  const held = role === null ? [] : await storage.rolePermissions.list(role.id);
  return held.map(({ name }) => name);
}
