import type { AuthResponse } from '@supabase/auth-js';
import { isServiceError, ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { Adopt, Credentials, Device, UserSession } from '../types.ts';
import { createEvenTime } from './even-time.ts';
import { isRefusal, whenRefused } from './refusal.ts';
import type { SignIn } from './sign-in.ts';
import { seenIn } from './wire.ts';
import type { Workbench } from './workbench.ts';

type Registration = Credentials & { readonly userMetadata: Readonly<Record<string, unknown>> };
type Registered = AuthResponse['data'];

const NOT_USABLE = 'This is no e-mail address that can be used here.';

const refuse = whenRefused([
  [['user_already_exists', 'email_exists'], () => new ServiceError('email_exists')],
  [['signup_disabled', 'email_provider_disabled'], () => new ServiceError('registration_disabled')],
  [
    ['email_address_invalid', 'email_address_not_authorized', 'validation_failed'],
    () =>
      new ServiceError('validation_failed', undefined, {
        fields: [{ field: 'email', message: NOT_USABLE }],
      }),
  ],
  [['weak_password'], () => new ServiceError('weak_password')],
]);

/**
 * GoTrue makes the account; where it is usable at once, its profile is made here, and the account is taken back when
 * that fails. Where accounts wait for confirmation, nothing is written here before their holder first comes in.
 */
export function createSignUp(workbench: Workbench, { receive }: Pick<SignIn, 'receive'>) {
  const { gotrue, audit, logger } = workbench;
  const { even } = createEvenTime();
  const adoptNew = createAdoption(workbench);

  /** Null: GoTrue does not say whether it has made one. */
  async function ask(
    { email, password, userMetadata }: Registration,
    device: Device,
  ): Promise<Registered | null> {
    try {
      return await gotrue.ask(device, (auth) =>
        auth.signUp({ email, password, options: { data: userMetadata } }),
      );
    } catch (error) {
      // It would tell that somebody is waiting for a mail at this address.
      if (!isRefusal(error, 'over_email_send_rate_limit')) return refuse(error);
      logger.warning('Supabase Auth sends no mail for a registration: its limit is reached', {
        reason: error.message,
      });
      return null;
    }
  }

  function record(registered: Registered | null): void {
    const isNew = isNewAccount(registered);
    audit.enqueue({
      action: 'user.registered',
      outcome: isNew ? 'success' : 'failure',
      actor: { type: 'anonymous', id: null },
      ...(isNew && { subject: { type: 'user', id: registered?.user?.id ?? '' } }),
      detail: isNew ? { provider: 'email' } : { reason: 'email_exists' },
    });
  }

  async function register(input: Registration, device: Device, adopt: Adopt) {
    const registered = await ask(input, device);
    const session = registered?.session ?? null;
    if (session !== null) await adoptNew(session.user, adopt);
    record(registered);
    return { session: session === null ? null : await welcome(session), isNew: isNewAccount(registered) };
  }

  async function welcome(session: NonNullable<Registered['session']>): Promise<UserSession | null> {
    const received = await receive(session);
    return received.is === 'welcome' ? received.session : null;
  }

  return async function signUp(
    input: Registration,
    device: Device,
    adopt: Adopt,
  ): Promise<{ session: UserSession | null }> {
    const { session } = await even(
      () => register(input, device, adopt),
      (outcome) => {
        if ('error' in outcome) return { waits: isServiceError(outcome.error, 'email_exists') };
        const { isNew } = outcome.result;
        // Where accounts confirm themselves it is said anyway who is known.
        return { isThorough: isNew, waits: outcome.result.session === null };
      },
    );
    return { session };
  };
}

/** GoTrue invents a user without a way in for an address that is known. */
function isNewAccount(registered: Registered | null): boolean {
  const user = registered?.user ?? null;
  return user !== null && (registered?.session !== null || (user.identities ?? []).length > 0);
}

function createAdoption({ storage, gotrue, logger }: Workbench) {
  return async (user: NonNullable<Registered['user']>, adopt: Adopt): Promise<void> => {
    const { id } = user;
    try {
      await storage.transaction(async (stores) => {
        await adopt(stores, { id, email: user.email ?? '', isConfirmed: true });
        await stores.supabaseAccounts.remember(id, seenIn(user));
      });
    } catch (error) {
      try {
        await gotrue.administer(true, (api) => api.deleteUser(id));
      } catch (failure) {
        logger.warning('an account whose registration failed could not be taken back from Supabase Auth', {
          user_id: id,
          error: errorContext(failure),
        });
      }
      throw error;
    }
  };
}
