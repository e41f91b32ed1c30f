import { ServiceError } from '#errors';
import type { Permission, Role, Stores } from '#storage';
import { ADMIN_PERMISSION, ADMIN_ROLE } from './built-ins.ts';
import { type Noun, PERMISSION_NAME, ROLE_NAME, UUID } from './names.ts';

/** Roles and permissions have the same shape and the same rules, but for their names and where they are used. */
export interface Kind {
  readonly noun: Noun;
  readonly pattern: RegExp;
  /** The one of its kind that cannot be deleted. */
  readonly kept: string;
  store(stores: Stores): Stores['roles'] | Stores['permissions'];
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
  store: (stores) => stores.roles,
  async use(stores, id) {
    const { clients } = await stores.roles.usage(id);
    if (clients === 0) return null;
    return {
      sentence: clients === 1 ? 'One client holds it.' : `${clients} clients hold it.`,
      detail: { clients },
    };
  },
};

export const PERMISSION: Kind = {
  noun: 'permission',
  pattern: PERMISSION_NAME,
  kept: ADMIN_PERMISSION,
  store: (stores) => stores.permissions,
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
