import type { BuiltInPermission } from '#rbac';

/** The permission that each operation of administration needs: the one place that says so. */
export const ADMIN_PERMISSIONS = {
  createRole: 'roles:write',
  listRoles: 'roles:read',
  showRole: 'roles:read',
  updateRole: 'roles:write',
  deleteRole: 'roles:write',
  listRolePermissions: 'roles:read',
  grantRolePermission: 'roles:write',
  revokeRolePermission: 'roles:write',

  createPermission: 'permissions:write',
  listPermissions: 'permissions:read',
  showPermission: 'permissions:read',
  updatePermission: 'permissions:write',
  deletePermission: 'permissions:write',

  createClient: 'clients:write',
  listClients: 'clients:read',
  showClient: 'clients:read',
  replaceClient: 'clients:write',
  updateClient: 'clients:write',
  deleteClient: 'clients:write',
  listClientSecrets: 'clients:read',
  createClientSecret: 'clients:write',
  deleteClientSecret: 'clients:write',
  listClientRoles: 'clients:read',
  grantClientRole: 'clients:write',
  revokeClientRole: 'clients:write',

  createUser: 'users:write',
  listUsers: 'users:read',
  showUser: 'users:read',
  updateUser: 'users:write',
  deleteUser: 'users:write',
  banUser: 'users:write',
  unbanUser: 'users:write',
  logOutUser: 'users:write',
  listUserSessions: 'users:read',
  listUserPermissions: 'users:read',
  listUserRoles: 'users:read',
  grantUserRole: 'users:write',
  revokeUserRole: 'users:write',

  listKeys: 'keys:read',
  listAuditEvents: 'audit:read',
} as const satisfies Readonly<Record<string, BuiltInPermission>>;

/** An operation that the table does not know cannot be mounted: nobody would guard it. */
export function permissionFor({ operation }: { readonly operation: string }): BuiltInPermission {
  const permission = (ADMIN_PERMISSIONS as Readonly<Record<string, BuiltInPermission>>)[operation];
  if (permission === undefined) throw new Error(`${operation} has no line in the table of permissions`);
  return permission;
}
