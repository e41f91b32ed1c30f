import type { Route } from '../route.ts';
import { LIST_AUDIT_EVENTS } from './audit-events.ts';
import { CREATE_SECRET, DELETE_SECRET, LIST_SECRETS } from './client-secrets.ts';
import { CREATE_CLIENT, DELETE_CLIENT, LIST_CLIENTS, SHOW_CLIENT, UPDATE_CLIENT } from './clients.ts';
import { CLIENT_ROLES, ROLE_PERMISSIONS, USER_ROLES } from './grants.ts';
import { LIST_KEYS } from './keys.ts';
import { PERMISSIONS, ROLES } from './named-things.ts';
import * as users from './users.ts';

/** The routes of administration; what each needs stands in `permissions.ts`. */
export function adminRoutes(admin: string): Route[] {
  // biome-ignore format: a table is read by its columns.
  return [
    { on: `POST ${admin}/roles`,                                         operation: 'createRole',           access: 'admin', limit: 'none', does: ROLES.CREATE },
    { on: `GET ${admin}/roles`,                                          operation: 'listRoles',            access: 'admin', limit: 'none', does: ROLES.LIST },
    { on: `GET ${admin}/roles/:role_id`,                                 operation: 'showRole',             access: 'admin', limit: 'none', does: ROLES.SHOW },
    { on: `PUT ${admin}/roles/:role_id`,                                 operation: 'updateRole',           access: 'admin', limit: 'none', does: ROLES.UPDATE },
    { on: `DELETE ${admin}/roles/:role_id`,                              operation: 'deleteRole',           access: 'admin', limit: 'none', does: ROLES.DELETE },
    { on: `GET ${admin}/roles/:role_id/permissions`,                     operation: 'listRolePermissions',  access: 'admin', limit: 'none', does: ROLE_PERMISSIONS.LIST },
    { on: `POST ${admin}/roles/:role_id/permissions`,                    operation: 'grantRolePermission',  access: 'admin', limit: 'none', does: ROLE_PERMISSIONS.GRANT },
    { on: `DELETE ${admin}/roles/:role_id/permissions/:permission_id`,   operation: 'revokeRolePermission', access: 'admin', limit: 'none', does: ROLE_PERMISSIONS.REVOKE },

    { on: `POST ${admin}/permissions`,                                   operation: 'createPermission',     access: 'admin', limit: 'none', does: PERMISSIONS.CREATE },
    { on: `GET ${admin}/permissions`,                                    operation: 'listPermissions',      access: 'admin', limit: 'none', does: PERMISSIONS.LIST },
    { on: `GET ${admin}/permissions/:permission_id`,                     operation: 'showPermission',       access: 'admin', limit: 'none', does: PERMISSIONS.SHOW },
    { on: `PUT ${admin}/permissions/:permission_id`,                     operation: 'updatePermission',     access: 'admin', limit: 'none', does: PERMISSIONS.UPDATE },
    { on: `DELETE ${admin}/permissions/:permission_id`,                  operation: 'deletePermission',     access: 'admin', limit: 'none', does: PERMISSIONS.DELETE },

    { on: `POST ${admin}/clients`,                                       operation: 'createClient',         access: 'admin', limit: 'none', does: CREATE_CLIENT },
    { on: `GET ${admin}/clients`,                                        operation: 'listClients',          access: 'admin', limit: 'none', does: LIST_CLIENTS },
    { on: `GET ${admin}/clients/:client_id`,                             operation: 'showClient',           access: 'admin', limit: 'none', does: SHOW_CLIENT },
    { on: `PUT ${admin}/clients/:client_id`,                             operation: 'replaceClient',        access: 'admin', limit: 'none', does: UPDATE_CLIENT },
    { on: `PATCH ${admin}/clients/:client_id`,                           operation: 'updateClient',         access: 'admin', limit: 'none', does: UPDATE_CLIENT },
    { on: `DELETE ${admin}/clients/:client_id`,                          operation: 'deleteClient',         access: 'admin', limit: 'none', does: DELETE_CLIENT },
    { on: `GET ${admin}/clients/:client_id/secrets`,                     operation: 'listClientSecrets',    access: 'admin', limit: 'none', does: LIST_SECRETS },
    { on: `POST ${admin}/clients/:client_id/secrets`,                    operation: 'createClientSecret',   access: 'admin', limit: 'none', does: CREATE_SECRET },
    { on: `DELETE ${admin}/clients/:client_id/secrets/:secret_id`,       operation: 'deleteClientSecret',   access: 'admin', limit: 'none', does: DELETE_SECRET },
    { on: `GET ${admin}/clients/:client_id/roles`,                       operation: 'listClientRoles',      access: 'admin', limit: 'none', does: CLIENT_ROLES.LIST },
    { on: `POST ${admin}/clients/:client_id/roles`,                      operation: 'grantClientRole',      access: 'admin', limit: 'none', does: CLIENT_ROLES.GRANT },
    { on: `DELETE ${admin}/clients/:client_id/roles/:role_id`,           operation: 'revokeClientRole',     access: 'admin', limit: 'none', does: CLIENT_ROLES.REVOKE },

    { on: `GET ${admin}/users/:user_id/roles`,                           operation: 'listUserRoles',        access: 'admin', limit: 'none', does: USER_ROLES.LIST },
    { on: `POST ${admin}/users/:user_id/roles`,                          operation: 'grantUserRole',        access: 'admin', limit: 'none', does: USER_ROLES.GRANT },
    { on: `DELETE ${admin}/users/:user_id/roles/:role_id`,               operation: 'revokeUserRole',       access: 'admin', limit: 'none', does: USER_ROLES.REVOKE },

    { on: `GET ${admin}/keys`,                                           operation: 'listKeys',             access: 'admin', limit: 'none', does: LIST_KEYS },
    { on: `GET ${admin}/audit`,                                          operation: 'listAuditEvents',      access: 'admin', limit: 'none', does: LIST_AUDIT_EVENTS },
  ];
}

/** Those of people, where accounts are kept here. */
export function userRoutes(admin: string): Route[] {
  // biome-ignore format: as above.
  return [
    { on: `POST ${admin}/users`,                                         operation: 'createUser',           access: 'admin', limit: 'none', does: users.CREATE },
    { on: `GET ${admin}/users`,                                          operation: 'listUsers',            access: 'admin', limit: 'none', does: users.LIST },
    { on: `GET ${admin}/users/:user_id`,                                 operation: 'showUser',             access: 'admin', limit: 'none', does: users.SHOW },
    { on: `PATCH ${admin}/users/:user_id`,                               operation: 'updateUser',           access: 'admin', limit: 'none', does: users.UPDATE },
    { on: `DELETE ${admin}/users/:user_id`,                              operation: 'deleteUser',           access: 'admin', limit: 'none', does: users.DELETE },
    { on: `POST ${admin}/users/:user_id/ban`,                            operation: 'banUser',              access: 'admin', limit: 'none', does: users.BAN },
    { on: `POST ${admin}/users/:user_id/unban`,                          operation: 'unbanUser',            access: 'admin', limit: 'none', does: users.UNBAN },
    { on: `POST ${admin}/users/:user_id/logout`,                         operation: 'logOutUser',           access: 'admin', limit: 'none', does: users.LOG_OUT },
    { on: `GET ${admin}/users/:user_id/sessions`,                        operation: 'listUserSessions',     access: 'admin', limit: 'none', does: users.LIST_SESSIONS },
    { on: `GET ${admin}/users/:user_id/permissions`,                     operation: 'listUserPermissions',  access: 'admin', limit: 'none', does: users.LIST_PERMISSIONS },
  ];
}
