/** Contract of every installation: these names never change their meaning, and are never given up. */
export const BUILT_IN_PERMISSIONS = [
  { name: 'users:read', description: 'See users, their sessions and what they hold.' },
  { name: 'users:write', description: 'Create, change, ban and delete users.' },
  { name: 'roles:read', description: 'See roles and what they hold.' },
  { name: 'roles:write', description: 'Create, change and delete roles.' },
  { name: 'permissions:read', description: 'See permissions.' },
  { name: 'permissions:write', description: 'Create, change and delete permissions.' },
  { name: 'clients:read', description: 'See clients.' },
  { name: 'clients:write', description: 'Create, change and delete clients and their secrets.' },
  { name: 'keys:read', description: 'See signing keys.' },
  { name: 'keys:write', description: 'Rotate and delete signing keys.' },
  { name: 'audit:read', description: 'Read audit events.' },
  { name: 'tokens:introspect', description: 'Ask about tokens of others.' },
  { name: 'tokens:revoke', description: 'Revoke tokens of others.' },
  { name: 'role:admin_manage', description: 'Administer everything: counts as holding every permission.' },
] as const;

export type BuiltInPermission = (typeof BUILT_IN_PERMISSIONS)[number]['name'];

export const BUILT_IN_ROLES = [
  { name: 'admin', description: 'Holds every built-in permission.' },
  { name: 'user', description: 'What every new user gets. Its own profile needs no permission.' },
  { name: 'service', description: 'For machines that need no permission of this service.' },
] as const;

/** What keeps an installation governable: neither can be deleted, nor taken from the other. */
export const ADMIN_ROLE = 'admin';
export const ADMIN_PERMISSION = 'role:admin_manage';
