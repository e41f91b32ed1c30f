import type { Audit } from '#audit';
import { ServiceError } from '#errors';
import { ADMIN_ROLE, ADMINISTRATORS_LOCK } from '#rbac';
import type { Storage } from '#storage';
import { adoptAs } from './adoption.ts';
import { requireEmail } from './email-address.ts';
import { lookAtAdministrators } from './look-at-administrators.ts';
import type { IdentityProvider } from './types.ts';

const NO_WAY_IN =
  'Nobody can log in to the account of INITIAL_ADMIN_EMAIL: it is banned, or has no password. Name another address; the administrator that is made of it can lift the ban and set a password.';
const DEACTIVATED =
  'The account of INITIAL_ADMIN_EMAIL is deactivated. Activate it, or name another address.';

export interface AdministratorDependencies {
  readonly provider: Pick<IdentityProvider, 'ensureUser' | 'administration'>;
  readonly storage: Pick<Storage, 'userRoles' | 'roles' | 'profiles' | 'transaction'>;
  readonly audit: Audit;
  readonly now: () => Date;
}

/**
 * The first administrator, from the environment, while there is none: nobody who holds the role and can log in.
 * Where the last one was deactivated, it acts again. An account that exists keeps its password, and must have proved
 * its e-mail: otherwise whoever registered the address first would be handed the house. One that was deactivated is
 * not activated here, since somebody meant it so.
 * @returns whether this call made an account
 * @throws ServiceError `administrator_unconfirmed`, also for an account that is deactivated, banned or without a
 *   password; `validation_failed` for an address that is none.
 */
export async function bootstrapAdministrator(
  { provider, storage, audit, now }: AdministratorDependencies,
  credentials: { readonly email: string; readonly password: string },
): Promise<{ created: boolean }> {
  await lookAtAdministrators({ provider, storage });
  if (await storage.userRoles.isHeld(ADMIN_ROLE, now())) return { created: false };
  const email = requireEmail(credentials.email);
  const user = await provider.ensureUser({ ...credentials, email }, adoptAs({}, now));
  if (!user.isProved) throw new ServiceError('administrator_unconfirmed');
  await storage.transaction(async (stores) => {
    await stores.lock(ADMINISTRATORS_LOCK);
    if (await stores.userRoles.isHeld(ADMIN_ROLE, now())) return;
    const role = await stores.roles.findByName(ADMIN_ROLE);
    if (role === null) throw new ServiceError('internal', undefined, { cause: 'the admin role is missing' });
    if (!(await user.isStillProved(stores))) throw new ServiceError('administrator_unconfirmed');
    const profile = await stores.profiles.find(user.id);
    if (profile === null) await adoptAs({}, now)(stores, { id: user.id, email, isConfirmed: true });
    else if (!profile.isActive) throw new ServiceError('administrator_unconfirmed', DEACTIVATED);
    await stores.userRoles.add({ userId: user.id, roleId: role.id, assignedAt: now() });
    if (!(await stores.userRoles.isHeld(ADMIN_ROLE, now()))) {
      throw new ServiceError('administrator_unconfirmed', NO_WAY_IN);
    }
    await audit.record(stores, {
      action: 'admin.bootstrapped',
      actor: { type: 'system', id: null },
      subject: { type: 'user', id: user.id },
      detail: { created: user.created },
    });
  });
  return { created: user.created };
}
