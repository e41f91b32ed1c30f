/**
 * rbac: roles, permissions, and who holds what. Owns the rules of names, creation and deletion, grants to roles and
 * to clients, and the built-in roles and permissions. Every change is one transaction with its audit row.
 * May use: storage, audit. Does not: decide whether the actor may do it (the caller has asked), read tokens, or keep
 * anything in memory.
 */
import type { Actor } from '#audit';
import type { ClientRole, Listed, Page, Permission, Role } from '#storage';

export { BUILT_IN_PERMISSIONS, BUILT_IN_ROLES } from './built-ins.ts';
export { PERMISSION_NAME, ROLE_NAME } from './names.ts';
export { createRbac, RBAC_LOCK, type RbacDependencies } from './rbac.ts';

export interface Rbac {
  readonly roles: NamedThings<Role>;
  readonly permissions: NamedThings<Permission>;
  /** Roles and permissions go by name or by id, here and below. @throws ServiceError `not_found`. */
  grantPermission(actor: Actor, role: string, permission: string): Promise<Change>;
  /** @throws ServiceError `not_found`; `built_in` for what the admin role must keep. */
  revokePermission(actor: Actor, role: string, permission: string): Promise<Change>;
  /** @throws ServiceError `not_found`, for the client or the role. */
  grantRoleToClient(actor: Actor, clientId: string, role: string): Promise<Change>;
  /** @throws ServiceError `not_found`, for the client or the role. */
  revokeRoleFromClient(actor: Actor, clientId: string, role: string): Promise<Change>;
  /** @throws ServiceError `not_found`. */
  clientRoles(clientId: string): Promise<ClientRole[]>;
  /**
   * Creates the built-ins this database has never had; what was removed since stays removed. The admin role with its
   * `role:admin_manage` is always brought back. Safe to run in several processes at once.
   */
  ensureBuiltIns(): Promise<void>;
}

export interface NamedThings<Thing> {
  /** @throws ServiceError `validation_failed` with `fields`, `already_exists`. */
  create(actor: Actor, input: NewNamedThing): Promise<Thing>;
  list(page: Page): Promise<Listed<Thing>>;
  /** @throws ServiceError `not_found`. */
  findByName(name: string): Promise<Thing>;
  /**
   * Returns what is gone now.
   * @throws ServiceError `not_found`; `built_in`; `in_use` saying where, unless `force` takes it away there too.
   */
  delete(actor: Actor, idOrName: string, options?: { readonly force?: boolean }): Promise<Thing>;
}

export interface NewNamedThing {
  /** Lower case; a permission is `noun:verb`. */
  readonly name: string;
  /** Up to 500 characters on one line. */
  readonly description?: string | null;
}

/** `changed` is false when it was so already. */
export interface Change {
  readonly changed: boolean;
}
