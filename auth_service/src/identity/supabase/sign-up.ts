import type { AuthResponse, Session as GotrueSession, User as GotrueUser } from '@supabase/auth-js';
import { isServiceError, ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { Adopt, Credentials, Device, UserSession } from '../types.ts';
import type { Accounts } from './accounts.ts';
import { createEvenTime } from './even-time.ts';
import { isRefusal, whenRefused } from './refusal.ts';
import type { SignIn } from './sign-in.ts';
import { SIGN_UP_DEADLINE_MS } from './transport.ts';
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
export function createSignUp(
  workbench: Workbench,
  accounts: Pick<Accounts, 'confirmsAutomatically'>,
  { receive }: Pick<SignIn, 'receive'>,
) {
  const { gotrue, audit, logger } = workbench;
  const { even } = createEvenTime(SIGN_UP_DEADLINE_MS);
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
      // It would tell that somebody is waiting for a mail at this address, or that nobody was known there.
      const isOfMail =
        isRefusal(error) && (error.code === 'over_email_send_rate_limit' || error.status === 500);
      if (!isOfMail || (await accounts.confirmsAutomatically())) return refuse(error);
      logger.error('Supabase Auth sends no mail for a registration', { reason: error.message });
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
    if (session !== null) await adoptNew(session, adopt);
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

/** Longer than GoTrue takes between making an account and confirming it by itself. */
const MADE_JUST_NOW_MS = 10_000;

/** Where accounts confirm themselves, GoTrue also hands over one that was there and waited for its confirmation. */
function isMadeNow({ created_at, email_confirmed_at }: GotrueUser): boolean {
  const between = new Date(email_confirmed_at ?? created_at).getTime() - new Date(created_at).getTime();
  return Math.abs(between) < MADE_JUST_NOW_MS;
}

function createAdoption({ storage, gotrue, logger }: Workbench) {
  async function undo(session: GotrueSession, isOurs: boolean): Promise<void> {
    const { id } = session.user;
    try {
      await gotrue.administer(true, (api) =>
        isOurs ? api.deleteUser(id) : api.signOut(session.access_token, 'local'),
      );
    } catch (failure) {
      logger.warning('what a failed registration left at Supabase Auth could not be taken back', {
        user_id: id,
        error: errorContext(failure),
      });
    }
  }

  return async (session: GotrueSession, adopt: Adopt): Promise<void> => {
    const { user } = session;
    const isOurs = isMadeNow(user);
    try {
      if (!isOurs) throw new ServiceError('email_exists');
      await storage.transaction(async (stores) => {
        if ((await stores.profiles.find(user.id)) !== null) throw new ServiceError('email_exists');
        await adopt(stores, { id: user.id, email: user.email ?? '', isConfirmed: true });
        await stores.supabaseAccounts.remember(user.id, seenIn(user));
      });
    } catch (error) {
      await undo(session, isOurs && !isServiceError(error, 'email_exists'));
      throw error;
    }
  };
}
