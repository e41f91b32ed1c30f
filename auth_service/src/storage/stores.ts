/**
 * The doors of each store. All of them throw `already_exists` on a duplicate, `not_found` when a row they point to is
 * missing, `validation_failed` on a NUL character and `database_unavailable` when the database cannot be reached in
 * time. An id that is no UUID finds nothing; it never reaches SQL.
 */
import type { PersonStores } from './person-stores.ts';
import type {
  AuditEvent,
  Client,
  ClientForToken,
  ClientInList,
  ClientRole,
  ClientSecret,
  NewClient,
  Permission,
  RefreshTokenFamily,
  Revocation,
  Role,
  RolePermission,
  SecretAlgorithm,
  SigningKey,
  SigningKeyState,
  UsedAssertion,
} from './records.ts';

/** A part of a list. */
export interface Window {
  readonly limit: number;
  readonly offset: number;
}

export interface Page<Column extends string = string> extends Window {
  /** Keeps what contains this text, in any case; `%`, `_` and `\` stand for themselves. */
  readonly q?: string;
  /** Default: as the list says. Equal ones always stand in the same order. */
  readonly sort?: Sort<Column>;
}

export interface Sort<Column extends string> {
  readonly column: Column;
  readonly isDescending: boolean;
}

/** Of what somebody holds, which stands by name; `q` looks at the name. */
export type HeldPage = Omit<Page, 'sort'>;

/** What roles and permissions can be ordered by. */
export type NamedColumn = 'name' | 'created_at' | 'updated_at';

export interface Listed<T> {
  readonly items: T[];
  /** How many there are without `limit` and `offset`. */
  readonly count: number;
}

/** What clients can be ordered by. */
export type ClientColumn = 'created_at' | 'client_name';

export interface ClientStore {
  insert(client: NewClient): Promise<Client>;
  find(id: string): Promise<Client | null>;
  /**
   * Newest first where no other order is asked for; `q` searches name and description.
   */
  list(page: Page<ClientColumn>): Promise<Listed<ClientInList>>;
  /** @returns null when there is none. */
  update(id: string, columns: Omit<Client, 'id' | 'createdAt'>): Promise<Client | null>;
  /** @returns false when there was none. Secrets and roles go with it. */
  delete(id: string): Promise<boolean>;
  /** One statement, inactive clients too. */
  findForToken(id: string): Promise<ClientForToken | null>;
}

export interface ClientSecretStore {
  insert(secret: ClientSecret): Promise<ClientSecret>;
  /** Newest first, expired ones too. */
  list(clientId: string): Promise<ClientSecret[]>;
  /** @returns false when the client has no such secret. */
  delete(clientId: string, id: string): Promise<boolean>;
  /** Lets these end at that time, or when they would anyway, whichever is sooner. */
  expire(ids: readonly string[], at: Date): Promise<void>;
  /** Deletes the client's secrets that have expired. */
  deleteExpired(clientId: string, now: Date): Promise<void>;
  /** When each was last used, as far as it was not used later. One statement. */
  recordUse(uses: readonly { readonly id: string; readonly at: Date }[]): Promise<void>;
  /** Compare and set. @returns false when the hash was another by then. */
  replaceHash(
    id: string,
    fromHash: string,
    to: { readonly algorithm: SecretAlgorithm; readonly hash: string },
  ): Promise<boolean>;
}

export interface ClientRoleStore {
  /** @returns false when it was there already. */
  add(link: {
    readonly clientId: string;
    readonly roleId: string;
    readonly assignedAt: Date;
  }): Promise<boolean>;
  remove(clientId: string, roleId: string): Promise<boolean>;
  /** By name. */
  list(clientId: string): Promise<ClientRole[]>;
  /** One page of them. One statement. */
  page(clientId: string, page: HeldPage): Promise<Listed<ClientRole>>;
  /** Names of the permissions that come with the client's roles, sorted. One statement. */
  carried(clientId: string): Promise<string[]>;
  /** The same, nothing while the client is switched off. */
  usable(clientId: string): Promise<string[]>;
}

export interface NamedChange {
  readonly name?: string;
  readonly description?: string | null;
  readonly updatedAt: Date;
}

export interface ClientRefreshTokenStore {
  /** Whosever it is. */
  findById(id: string): Promise<RefreshTokenFamily | null>;
  /** All of the client's. @returns how many went. */
  deleteOf(clientId: string): Promise<number>;
  /**
   * In one statement with a look at the client, so that none begins beside the switch that ends them all.
   * @throws ServiceError `not_found` also for a client that is inactive or has no refresh tokens
   */
  insert(family: RefreshTokenFamily): Promise<void>;
  /** Null also for the family of another client. */
  find(id: string, clientId: string): Promise<RefreshTokenFamily | null>;
  /** Compare and set, in one statement. @returns false when the hash was another by then, or the family gone. */
  replaceHash(
    id: string,
    fromHash: string,
    to: Pick<RefreshTokenFamily, 'tokenHash' | 'expiresAt'> & { readonly refreshedAt: Date },
  ): Promise<boolean>;
  /** @returns false when there was none. */
  delete(id: string): Promise<boolean>;
  /** Those that expired before; the oldest, `limit` at most. @returns how many went. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

export interface ClientAssertionStore {
  /** @returns false when it was there already. Of many at once one is told true, across all processes. */
  remember(assertion: UsedAssertion): Promise<boolean>;
  /** Those that expired before; the oldest, `limit` at most. @returns how many went. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

export interface RoleStore {
  insert(role: Role): Promise<Role>;
  find(id: string): Promise<Role | null>;
  findByName(name: string): Promise<Role | null>;
  /** By name; unknown names are left out. */
  findByNames(names: readonly string[]): Promise<Role[]>;
  /** By name where no other order is asked for; `q` searches name and description. */
  list(page: Page<NamedColumn>): Promise<Listed<Role>>;
  /** @returns null when there is none. @throws ServiceError `already_exists`. */
  update(id: string, change: NamedChange): Promise<Role | null>;
  delete(id: string): Promise<boolean>;
  /** Names of the permissions that those carry who hold it, clients and users, by all their roles. One statement. */
  carriedByHolders(id: string): Promise<string[]>;
  /** How many hold it. One statement. */
  usage(id: string): Promise<{ clients: number; users: number }>;
}

export interface PermissionStore {
  insert(permission: Permission): Promise<Permission>;
  find(id: string): Promise<Permission | null>;
  findByName(name: string): Promise<Permission | null>;
  findByNames(names: readonly string[]): Promise<Permission[]>;
  list(page: Page<NamedColumn>): Promise<Listed<Permission>>;
  update(id: string, change: NamedChange): Promise<Permission | null>;
  delete(id: string): Promise<boolean>;
  /** Names of the permissions that the roles carry which hold it. One statement. */
  carriedByHolders(id: string): Promise<string[]>;
  /** Names of the roles that hold it, sorted. */
  usage(id: string): Promise<{ roles: string[] }>;
}

export interface RolePermissionStore {
  add(link: {
    readonly roleId: string;
    readonly permissionId: string;
    readonly assignedAt: Date;
  }): Promise<boolean>;
  remove(roleId: string, permissionId: string): Promise<boolean>;
  /** By name. */
  list(roleId: string): Promise<RolePermission[]>;
  /** One page of them. One statement. */
  page(roleId: string, page: HeldPage): Promise<Listed<RolePermission>>;
  /** Every grant there is, by the permission's name. */
  all(): Promise<(RolePermission & { readonly roleId: string })[]>;
  /** Names of the permissions that these roles hold together, sorted. One statement. */
  carried(roleIds: readonly string[]): Promise<string[]>;
}

export interface SigningKeyChange {
  readonly state: SigningKeyState;
  readonly activatedAt?: Date;
  readonly retiredAt?: Date;
  readonly expiresAt?: Date;
}

export interface SigningKeyStore {
  insert(key: SigningKey): Promise<SigningKey>;
  /** Oldest first. */
  list(): Promise<SigningKey[]>;
  /** What is left out of the change stays. @returns false when there is no such key. */
  updateState(kid: string, change: SigningKeyChange): Promise<boolean>;
  /** The same key, sealed with another. @returns false when there is no such key. */
  reseal(kid: string, sealedPrivateKey: string): Promise<boolean>;
  /** @returns how many went. */
  deleteExpired(now: Date): Promise<number>;
}

export interface AuditQuery {
  readonly action?: string;
  readonly actorId?: string;
  readonly subjectId?: string;
  /** Inclusive. */
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
  /** Only what comes after this event in the list, which is newest first. */
  readonly after?: Pick<AuditEvent, 'occurredAt' | 'id'>;
  readonly limit: number;
}

export interface AuditEventStore {
  /** One statement; events that are there already are left alone, so a batch may be sent twice. */
  insertMany(events: readonly AuditEvent[]): Promise<void>;
  /** Newest first. */
  list(query: AuditQuery): Promise<AuditEvent[]>;
  /** This month's partition and those of the next two (UTC). */
  ensurePartitions(now: Date): Promise<void>;
}

/** Steps of the first start that must not be done again, by name. */
export interface BootstrapMarkStore {
  /** @returns false when the mark was set before. */
  set(name: string, at: Date): Promise<boolean>;
  list(): Promise<{ name: string; at: Date }[]>;
}

export interface RevocationStore {
  /** One statement. */
  insertMany(revocations: readonly Revocation[]): Promise<void>;
  /**
   * What may have become visible since the call that gave this horizon, some of it perhaps a second time; without one,
   * everything that has not expired. One statement.
   */
  listSince(
    horizon: string | null,
    now: Date,
  ): Promise<{ readonly horizon: string; readonly revocations: Revocation[] }>;
  /** Those of kind `user`. One statement. */
  listOfUser(userId: string): Promise<Revocation[]>;
  /** @returns how many went. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

/** A number that moves on with every change of what clients hold. */
export interface RightsRevisionStore {
  read(): Promise<number>;
}

export interface Stores extends PersonStores {
  readonly clients: ClientStore;
  readonly clientSecrets: ClientSecretStore;
  readonly clientRoles: ClientRoleStore;
  readonly clientRefreshTokens: ClientRefreshTokenStore;
  readonly clientAssertions: ClientAssertionStore;
  readonly roles: RoleStore;
  readonly permissions: PermissionStore;
  readonly rolePermissions: RolePermissionStore;
  readonly signingKeys: SigningKeyStore;
  readonly auditEvents: AuditEventStore;
  readonly bootstrapMarks: BootstrapMarkStore;
  readonly rightsRevision: RightsRevisionStore;
  readonly revocations: RevocationStore;
}

export interface TransactionStores extends Stores {
  /** Waits for the lock of this name; it is held until the transaction ends. One holder across all processes. */
  lock(name: string): Promise<void>;
  /**
   * Does this when all else is done, just before the commit: what is done elsewhere and cannot be rolled back. What it
   * throws rolls back.
   */
  beforeCommit(work: () => Promise<void>): void;
  /** Does this once the transaction has been committed, and never if it is not. It must not throw. */
  afterCommit(done: () => void): void;
}
