import type { User as GotrueUser } from '@supabase/auth-js';
import { ServiceError } from '#errors';
import type { Stores } from '#storage';
import type { Credentials, EnsuredUser } from '../types.ts';
import type { Accounts } from './accounts.ts';
import { isMarkedAsHandedOver } from './handed-over.ts';
import { isRefusal, whenRefused } from './refusal.ts';
import { seenIn } from './wire.ts';
import type { Workbench } from './workbench.ts';

/** In `app_metadata`, which nobody but the service key can write: for which address the account was made. */
const MARK = 'paservices_administrator';

const refuse = whenRefused([[['weak_password'], () => new ServiceError('weak_password')]]);

/**
 * The account of an administrator named by the environment, through GoTrue's admin API. One that is there already must
 * have proved its address: a confirmation proves nothing where accounts confirm themselves (there, who registers an
 * invited address first has it), nor after somebody chose the address or the password who may not vouch for it.
 */
export function createEnsureUser({ gotrue, storage, now }: Workbench, accounts: Accounts) {
  async function create({ email, password }: Credentials): Promise<GotrueUser | null> {
    try {
      const attributes = { email, password, email_confirm: true, app_metadata: { [MARK]: email } };
      return (await gotrue.administer(false, (api) => api.createUser(attributes))).user;
    } catch (error) {
      return isRefusal(error, 'email_exists', 'user_already_exists') ? null : refuse(error);
    }
  }

  async function isProved(
    user: GotrueUser,
    { supabaseAccounts }: Pick<Stores, 'supabaseAccounts'>,
  ): Promise<boolean> {
    const { confirmedAt, bannedUntil } = seenIn(user);
    // Banned where only GoTrue knows of it: nobody would come in as the administrator that this is to make.
    if (confirmedAt === null || (bannedUntil !== null && bannedUntil > now())) return false;
    if (isMarkedAsHandedOver(user) || isOfTenant(user)) return false;
    const remembered = await supabaseAccounts.remembered(user.id);
    if (remembered !== null && remembered.handedOverAt !== null) return false;
    // Of this address: whoever was it before may have another one by now.
    if (user.app_metadata[MARK] === user.email?.toLowerCase()) return true;
    return !(await accounts.confirmsAutomatically()) && hasAnsweredMail(user);
  }

  async function isStillProved(stores: Stores, userId: string, email: string): Promise<boolean> {
    const user = await accounts.find(userId);
    if (user === null || user.email?.toLowerCase() !== email || !(await isProved(user, stores))) return false;
    await stores.supabaseAccounts.remember(userId, seenIn(user));
    return true;
  }

  return async (credentials: Credentials): Promise<EnsuredUser> => {
    const { email } = credentials;
    const known = await accounts.findByEmail(email);
    const made = known === null ? await create(credentials) : null;
    const user = known ?? made ?? (await accounts.findByEmail(email));
    if (user === null) throw new ServiceError('internal', undefined, { cause: 'an account came and went' });
    return {
      id: user.id,
      created: made !== null,
      isProved: await isProved(user, storage),
      isStillProved: (stores) => isStillProved(stores, user.id, email),
    };
  };
}

/** A confirmation that no mail stands behind may be from a time when accounts confirmed themselves. */
function hasAnsweredMail(user: GotrueUser): boolean {
  const mails = [user.confirmation_sent_at, user.invited_at, user.recovery_sent_at];
  return mails.some((sentAt) => sentAt !== undefined && sentAt !== null);
}

/** Whose identity provider may say of anybody whatever it likes. */
function isOfTenant({ app_metadata }: GotrueUser): boolean {
  return String(app_metadata.provider ?? '').startsWith('sso:');
}
