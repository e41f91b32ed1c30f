/**
 * storage: the durable data, as small stores by aggregate over one SQL dialect with two openers, PostgreSQL and PGlite.
 * Owns the connections, the transactions, the migrations and the data folder's lock; alone imports Kysely, pg, PGlite.
 * May use config, errors, crypto and observability. Gives and takes domain records, never rows or query builders.
 * Does not decide: who may do what, which names are allowed and what is audited belong to the rooms above.
 */
export type { Archive, ArchivedTable, Replacement, Snapshot, SnapshotOptions } from './archive/archive.ts';
export type { MigrationState, MigrationStatus, Migrations } from './migrations/status.ts';
export { type OpenStorageOptions, openStorage, type Storage } from './open.ts';
export type {
  Account,
  AccountChange,
  AddressChange,
  AuthenticationMethod,
  DirectoryEntry,
  EffectivePermission,
  LinkedIdentity,
  Person,
  PersonInSession,
  PersonRights,
  Profile,
  ProfileChange,
  SeenAccount,
  Session,
  Standing,
  SupabaseSession,
} from './person-records.ts';
export type {
  AccountStore,
  DirectoryStore,
  PersonColumn,
  PersonStores,
  ProfileStore,
  SessionStore,
  SupabaseAccountStore,
  UserRole,
  UserRoleStore,
} from './person-stores.ts';
export type {
  AuditEvent,
  Client,
  ClientForToken,
  ClientInList,
  ClientRole,
  ClientSecret,
  JsonWebKeySet,
  NewClient,
  Permission,
  RefreshTokenFamily,
  Revocation,
  Role,
  RolePermission,
  SecretAlgorithm,
  SigningAlgorithm,
  SigningKey,
  SigningKeyState,
  UsedAssertion,
} from './records.ts';
export type {
  AuditEventStore,
  AuditQuery,
  BootstrapMarkStore,
  ClientAssertionStore,
  ClientColumn,
  ClientRefreshTokenStore,
  ClientRoleStore,
  ClientSecretStore,
  ClientStore,
  HeldPage,
  Listed,
  NamedChange,
  NamedColumn,
  Page,
  PermissionStore,
  RevocationStore,
  RightsRevisionStore,
  RolePermissionStore,
  RoleStore,
  SigningKeyChange,
  SigningKeyStore,
  Sort,
  Stores,
  TransactionStores,
  Window,
} from './stores.ts';
