import { ServiceError } from '#errors';
import type { Permission, Role, Stores } from '#storage';
import { ADMIN_PERMISSION, ADMIN_ROLE, BUILT_IN_PERMISSIONS, BUILT_IN_ROLES } from './built-ins.ts';
import { type Noun, PERMISSION_NAME, ROLE_NAME, UUID } from './names.ts';

/** Roles and permissions have the same shape and the same rules, but for their names and where they are used. */
export interface Kind {
  readonly noun: Noun;
  readonly pattern: RegExp;
  /** The one of its kind that cannot be deleted. */
  readonly kept: string;
  isBuiltIn(name: string): boolean;
  store(stores: Stores): Stores['roles'] | Stores['permissions'];
  /** The permissions that it stands for, under the name it has or is to have. */
  carried(stores: Stores, id: string, name: string): Promise<readonly string[]>;
  /** Null: nowhere. */
  use(stores: Stores, id: string): Promise<Use | null>;
}

interface Use {
  readonly sentence: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const MAX_SHOWN = 10;

export const ROLE: Kind = {
  noun: 'role',
  pattern: ROLE_NAME,
  kept: ADMIN_ROLE,
  isBuiltIn: (name) => BUILT_IN_ROLES.some((builtIn) => builtIn.name === name),
  store: (stores) => stores.roles,
  carried: async (stores, id) => (await stores.rolePermissions.list(id)).map(({ name }) => name),
  async use(stores, id) {
    const { clients, users } = await stores.roles.usage(id);
    if (clients + users === 0) return null;
    const holders = [...counted(clients, 'client'), ...counted(users, 'user')].join(' and ');
    return { sentence: `It is held by ${holders}.`, detail: { clients, users } };
  },
};

export const PERMISSION: Kind = {
  noun: 'permission',
  pattern: PERMISSION_NAME,
  kept: ADMIN_PERMISSION,
  isBuiltIn: (name) => BUILT_IN_PERMISSIONS.some((builtIn) => builtIn.name === name),
  store: (stores) => stores.permissions,
  carried: async (_stores, _id, name) => [name],
  async use(stores, id) {
    const { roles } = await stores.permissions.usage(id);
    if (roles.length === 0) return null;
    const shown = roles.slice(0, MAX_SHOWN).join(', ');
    const more = roles.length > MAX_SHOWN ? ` and ${roles.length - MAX_SHOWN} more` : '';
    return {
      sentence: `${roles.length === 1 ? 'The role holds it' : 'Roles hold it'}: ${shown}${more}.`,
      detail: { roles },
    };
  },
};

function counted(count: number, noun: string): string[] {
  if (count === 0) return [];
  return [count === 1 ? `one ${noun}` : `${count} ${noun}s`];
}

/** @throws ServiceError `not_found`. */
export async function find(stores: Stores, kind: Kind, idOrName: string): Promise<Role | Permission> {
  const store = kind.store(stores);
  const found = UUID.test(idOrName)
    ? await store.find(idOrName)
    : kind.pattern.test(idOrName)
      ? await store.findByName(idOrName)
      : null;
  if (found === null) throw noSuch(kind.noun, idOrName);
  return found;
}

export function noSuch(noun: string, idOrName: string): ServiceError {
  return new ServiceError('not_found', `There is no ${noun} ${JSON.stringify(idOrName.slice(0, 130))}.`);
}
