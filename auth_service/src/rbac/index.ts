/**
 * rbac: roles, permissions, and who holds what. Owns the rules of names, creation, change and deletion, grants to roles,
 * to clients and to people, the built-in roles and permissions, the rule that nobody rises above themselves, and the
 * one that the last administrator stays. Every change is one transaction with its audit row.
 * May use: storage, audit. Does not: know who is asking (callers hand in an authority), read tokens, or keep anything in
 * memory.
 */
import type {
  ClientRole,
  HeldPage,
  Listed,
  NamedColumn,
  Page,
  Permission,
  Role,
  RolePermission,
  UserRole,
} from '#storage';
import type { Authority } from './authority.ts';

export { type Authority, type BoundAuthority, covers, requireAuthorityOver } from './authority.ts';
export {
  ADMIN_PERMISSION,
  ADMIN_ROLE,
  BUILT_IN_PERMISSIONS,
  BUILT_IN_ROLES,
  type BuiltInPermission,
} from './built-ins.ts';
export { administer } from './dependencies.ts';
export { ADMINISTRATORS_LOCK, keepAnAdministrator } from './last-administrator.ts';
export { PERMISSION_NAME, ROLE_NAME } from './names.ts';
export { createRbac, RBAC_LOCK, type RbacDependencies } from './rbac.ts';

/** Every change throws ServiceError `exceeds_own_rights` where the authority holds less than is carried. */
export interface Rbac {
  readonly roles: NamedThings<Role>;
  readonly permissions: NamedThings<Permission>;
  /** Roles and permissions go by name or by id, here and below. @throws ServiceError `not_found`. */
  grantPermission(by: Authority, role: string, permission: string): Promise<Grant>;
  /** @throws ServiceError `not_found`; `built_in` for what the admin role must keep. */
  revokePermission(by: Authority, role: string, permission: string): Promise<Grant>;
  /** By name. @throws ServiceError `not_found`. */
  rolePermissions(role: string, page: HeldPage): Promise<Listed<RolePermission>>;
  /** @throws ServiceError `not_found`, for the client or the role. */
  grantRoleToClient(by: Authority, clientId: string, role: string): Promise<Grant>;
  /** @throws ServiceError `not_found`, for the client or the role. */
  revokeRoleFromClient(by: Authority, clientId: string, role: string): Promise<Grant>;
  /** By name. @throws ServiceError `not_found`. */
  clientRoles(clientId: string, page: HeldPage): Promise<Listed<ClientRole>>;
  /** @throws ServiceError `not_found`, for the person (who must have a profile) or the role. */
  grantRoleToUser(by: Authority, userId: string, role: string): Promise<Grant>;
  /** @throws ServiceError `not_found`, `last_administrator`. */
  revokeRoleFromUser(by: Authority, userId: string, role: string): Promise<Grant>;
  /** By name. @throws ServiceError `not_found`. */
  userRoles(userId: string, page: HeldPage): Promise<Listed<UserRole>>;
  /**
   * Creates the built-ins this database has never had; what was removed since stays removed. The admin role with its
   * `role:admin_manage` is always brought back. Safe to run in several processes at once.
   */
  ensureBuiltIns(): Promise<void>;
}

export interface NamedThings<Thing> {
  /** @throws ServiceError `validation_failed` with `fields`, `already_exists`. */
  create(by: Authority, input: NewNamedThing): Promise<Thing>;
  list(page: Page<NamedColumn>): Promise<Listed<Thing>>;
  /** @throws ServiceError `not_found`. */
  find(idOrName: string): Promise<Thing>;
  /**
   * What is left out stays. Names of built-ins do not change.
   * @throws ServiceError `validation_failed` with `fields`, `not_found`, `already_exists`, `built_in`, and what the
   *   precondition throws.
   */
  update(
    by: Authority,
    idOrName: string,
    input: Partial<NewNamedThing>,
    precondition?: Precondition<Thing>,
  ): Promise<Thing>;
  /**
   * Returns what is gone now.
   * @throws ServiceError `not_found`; `built_in`; `in_use` saying where, unless `force` takes it away there too.
   */
  delete(by: Authority, idOrName: string, options?: { readonly force?: boolean }): Promise<Thing>;
}

export interface NewNamedThing {
  /** Lower case; a permission is `noun:verb`. */
  readonly name: string;
  /** Up to 500 characters on one line. */
  readonly description?: string | null;
}

/** Looks at what is there, in the transaction that changes it, and throws if it is not what the caller had seen. */
export type Precondition<Thing> = (before: Thing) => void;

/** A link, given or taken. */
export interface Grant {
  /** False when it was so already. */
  readonly changed: boolean;
  readonly holderId: string;
  /** Of the permission or role. */
  readonly id: string;
  readonly name: string;
  /** Now, whenever it was given. */
  readonly assignedAt: Date;
}
