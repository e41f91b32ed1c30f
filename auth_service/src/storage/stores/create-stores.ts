import type { Kysely } from 'kysely';
import type { Stores } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { createAccountStore } from './accounts.ts';
import { createAuditEventStore } from './audit-events.ts';
import { createBootstrapMarkStore } from './bootstrap-marks.ts';
import { createClientAssertionStore } from './client-assertions.ts';
import { createClientRefreshTokenStore } from './client-refresh-tokens.ts';
import { createClientRoleStore } from './client-roles.ts';
import { createClientSecretStore } from './client-secrets.ts';
import { createClientStore } from './clients.ts';
import { createDirectoryStore } from './directory.ts';
import { createPermissionStore } from './permissions.ts';
import { createProfileStore } from './profiles.ts';
import { createRevocationStore } from './revocations.ts';
import { createRightsRevisionStore } from './rights-revision.ts';
import { createRolePermissionStore } from './role-permissions.ts';
import { createRoleStore } from './roles.ts';
import { createSessionStore } from './sessions.ts';
import { createSigningKeyStore } from './signing-keys.ts';
import { createSupabaseAccountStore } from './supabase-accounts.ts';
import { createUserRoleStore } from './user-roles.ts';

interface StoreSettings {
  readonly now: () => Date;
  readonly accountsAreOurs: boolean;
}

/** @param db the database itself, or a transaction. */
export function createStores(db: Kysely<Tables>, { now, accountsAreOurs }: StoreSettings): Stores {
  return {
    clients: createClientStore(db, now),
    clientSecrets: createClientSecretStore(db),
    clientRoles: createClientRoleStore(db),
    clientRefreshTokens: createClientRefreshTokenStore(db),
    clientAssertions: createClientAssertionStore(db),
    roles: createRoleStore(db),
    permissions: createPermissionStore(db),
    rolePermissions: createRolePermissionStore(db),
    signingKeys: createSigningKeyStore(db, 'signing_keys'),
    personKeys: createSigningKeyStore(db, 'auth_service_identity.signing_keys'),
    profiles: createProfileStore(db),
    userRoles: createUserRoleStore(db, accountsAreOurs),
    accounts: createAccountStore(db),
    sessions: createSessionStore(db),
    supabaseAccounts: createSupabaseAccountStore(db),
    directory: createDirectoryStore(db, accountsAreOurs),
    auditEvents: createAuditEventStore(db),
    bootstrapMarks: createBootstrapMarkStore(db),
    rightsRevision: createRightsRevisionStore(db),
    revocations: createRevocationStore(db),
  };
}
