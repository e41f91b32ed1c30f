import type { Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { permissionNamed, roleNamed } from './builders.ts';

export const SUPABASE_ROLES = ['anon', 'authenticated', 'service_role', 'supabase_auth_admin'] as const;

type Query = RawConnection['query'];

/** Roles are the whole server's: those of another database's tests will do. */
export async function createSupabaseRoles(query: Query): Promise<void> {
  for (const role of SUPABASE_ROLES) {
    await query(
      `do $$ begin create role ${role}; exception when duplicate_object or unique_violation then null; end $$`,
    );
  }
}

/** In a transaction that is rolled back. */
export async function asRole<T>(query: Query, role: string, work: () => Promise<T>): Promise<T> {
  await query(`begin; set local role ${role}`);
  try {
    return await work();
  } finally {
    await query('rollback');
  }
}

export async function claimsOf(query: Query, userId: string | null): Promise<unknown> {
  const [row] = await query('select auth_service_data.get_user_rbac_claims($1) as claims', [userId]);
  return row?.claims;
}

/** @param event what Supabase Auth sends; as it stands when it is text. */
export async function callHook(query: Query, event: unknown): Promise<unknown> {
  const json = typeof event === 'string' ? event : JSON.stringify(event);
  const [row] = await query('select auth_service_data.custom_access_token_hook($1) as answer', [json]);
  return row?.answer;
}

/** Roles by name, each with the names of its permissions. */
export async function grantRoles(
  storage: Storage,
  granted: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  for (const [name, permissions] of Object.entries(granted)) {
    const role = await storage.roles.insert(roleNamed(name));
    for (const held of permissions) {
      const permission =
        (await storage.permissions.findByName(held)) ??
        (await storage.permissions.insert(permissionNamed(held)));
      await storage.rolePermissions.add({
        roleId: role.id,
        permissionId: permission.id,
        assignedAt: TEST_EPOCH,
      });
    }
  }
}

/** An account; with a profile unless `profile` is null. @returns its id. */
export async function insertPerson(
  storage: Storage,
  profile: { readonly roles?: readonly string[]; readonly isActive?: boolean } | null = {},
): Promise<string> {
  const userId = crypto.randomUUID();
  const email = `${userId}@example.com`;
  const dates = { createdAt: TEST_EPOCH, updatedAt: TEST_EPOCH };
  await storage.accounts.insert(
    {
      id: userId,
      email,
      passwordHash: null,
      emailConfirmedAt: TEST_EPOCH,
      emailProvedAt: null,
      lastSignInAt: null,
      bannedUntil: null,
      appMetadata: {},
      userMetadata: {},
      ...dates,
    },
    {
      id: crypto.randomUUID(),
      userId,
      provider: 'email',
      providerId: userId,
      identityData: {},
      email,
      lastSignInAt: null,
      ...dates,
    },
  );
  if (profile !== null) {
    const { roles = [], isActive = true } = profile;
    const names = { username: null, firstName: null, lastName: null };
    await storage.profiles.insert({ userId, email, ...names, isActive, ...dates }, roles);
  }
  return userId;
}
