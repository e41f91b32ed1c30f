import { ServiceError } from '#errors';
import type { TransactionStores } from '#storage';
import { ADMIN_PERMISSION } from './built-ins.ts';

/** Who makes a change, with what they may hand on. The system is the command line and the start: nothing binds it. */
export type Authority = { readonly type: 'system'; readonly id: null } | BoundAuthority;

export interface BoundAuthority {
  readonly type: 'user' | 'client';
  readonly id: string;
  /** What they hold and their token does not leave out, as it was when they were let in. */
  readonly permissions: readonly string[];
  /** The permission that let them in. */
  readonly needs?: string;
  /** Of a person: the log-in that they act by. */
  readonly sessionId?: string;
}

const NAMED_AT_MOST = 5;

/** Whether who holds these permissions may do what this one allows; `role:admin_manage` stands for all, new ones too. */
export function covers(held: readonly string[], permission: string): boolean {
  return held.includes(permission) || held.includes(ADMIN_PERMISSION);
}

/**
 * The same authority with what is left of it at this moment: a request can be long under way, and what let it in may be
 * gone. To be asked under the lock of rights, where nothing of it can change any more.
 * @throws ServiceError `insufficient_permission` where what let them in is gone.
 */
export async function authorityNow(stores: TransactionStores, by: Authority, now: Date): Promise<Authority> {
  if (by.type === 'system') return by;
  const held =
    by.type === 'client'
      ? await stores.clientRoles.usable(by.id)
      : await stores.userRoles.usable(by.id, by.sessionId ?? null, now);
  const permissions = by.permissions.filter((permission) => covers(held, permission));
  if (by.needs !== undefined && !covers(permissions, by.needs)) {
    throw new ServiceError('insufficient_permission', `This needs the permission ${by.needs}.`);
  }
  return { ...by, permissions };
}

/**
 * The rule that keeps everybody from rising above themselves: who writes to a principal, a role or a permission, in
 * whatever way, must hold all that it carries before the change and all that it carries after it. What somebody holds
 * who cannot use it (a deactivated or banned person) counts as well: it comes back with them.
 * @param before permissions that the target carries; a permission carries itself
 * @param after the same once the change is made; nothing for what is deleted
 * @throws ServiceError `exceeds_own_rights`, naming what is lacking.
 */
export function requireAuthorityOver(
  by: Authority,
  before: readonly string[],
  after: readonly string[],
): void {
  if (by.type === 'system') return;
  const carried = new Set([...before, ...after]);
  const lacking = [...carried].filter((permission) => !covers(by.permissions, permission)).sort();
  if (lacking.length === 0) return;
  const shown = lacking.slice(0, NAMED_AT_MOST).join(', ');
  const more = lacking.length > NAMED_AT_MOST ? ` and ${lacking.length - NAMED_AT_MOST} more` : '';
  throw new ServiceError(
    'exceeds_own_rights',
    `This carries what you do not hold yourself: ${shown}${more}. Ask somebody who does.`,
  );
}
