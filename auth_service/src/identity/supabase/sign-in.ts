import { setTimeout as sleep } from 'node:timers/promises';
import type { Session as GotrueSession } from '@supabase/auth-js';
import { isServiceError, ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { SeenAccount, Standing } from '#storage';
import { adoptNow } from '../adoption.ts';
import type { Credentials, Device, UserSession } from '../types.ts';
import type { TokenOfPerson } from './access-tokens.ts';
import { createEvenTime } from './even-time.ts';
import { own } from './own-account.ts';
import { isRefusal, meaningOf, Refusal } from './refusal.ts';
import { requireShape } from './shapes.ts';
import { seenIn, toUserSession } from './wire.ts';
import type { Workbench } from './workbench.ts';

/** What GoTrue says of a log-in that fails for reasons that nobody else has to know. */
const NOT_LET_IN = [
  'invalid_credentials',
  'user_banned',
  'user_not_found',
  'validation_failed',
  'over_email_send_rate_limit',
  'over_sms_send_rate_limit',
  'phone_not_confirmed',
];
const LONGEST_WAIT_MS = 1_000;
const GONE = new Set([400, 401, 403, 404]);

/** A session that GoTrue has begun or gone on with, and what became of it here. */
export type Welcome =
  | { readonly is: 'welcome'; readonly session: UserSession; readonly token: TokenOfPerson }
  /** Deactivated here, or its log-ins were ended here. */
  | { readonly is: 'turned away'; readonly why: 'inactive' | 'ended'; readonly userId: string };

export interface SignIn {
  signIn(credentials: Credentials, device: Device): Promise<UserSession>;
  refresh(refreshToken: string, device?: Device): Promise<UserSession>;
  /** What GoTrue has let in is judged by what stands here. */
  receive(session: GotrueSession): Promise<Welcome>;
}

export function createSignIn(workbench: Workbench): SignIn {
  const { gotrue, audit, now } = workbench;
  const receive = createReception(workbench);
  const { even } = createEvenTime(LONGEST_WAIT_MS);

  function refuse(reason: string, userId?: string): never {
    audit.enqueue({
      action: 'user.login_failed',
      outcome: 'failure',
      actor: { type: 'anonymous', id: null },
      ...(userId !== undefined && { subject: { type: 'user', id: userId } }),
      detail: { reason },
    });
    throw new ServiceError(reason === 'email_not_confirmed' ? reason : 'invalid_credentials');
  }

  async function byPassword({ email, password }: Credentials, device: Device): Promise<Welcome> {
    try {
      const { session } = await gotrue.ask(device, (auth) => auth.signInWithPassword({ email, password }));
      return await receive(session);
    } catch (error) {
      if (isRefusal(error, 'email_not_confirmed')) return refuse('email_not_confirmed');
      if (isRefusal(error, ...NOT_LET_IN)) return refuse(error.code);
      throw meaningOf(error);
    }
  }

  /** One that begins in the second of an end cannot be told from those that ended: it begins once more. */
  async function beginAfterEnd(credentials: Credentials, device: Device): Promise<Welcome> {
    const first = await byPassword(credentials, device);
    if (first.is === 'welcome' || first.why !== 'ended') return first;
    await sleep(1001 - (now().getTime() % 1000));
    return await byPassword(credentials, device);
  }

  async function begin(credentials: Credentials, device: Device): Promise<UserSession> {
    const welcome = await beginAfterEnd(credentials, device);
    if (welcome.is === 'turned away') return refuse(welcome.why, welcome.userId);
    const { session, token } = welcome;
    audit.enqueue({
      action: 'user.logged_in',
      actor: { type: 'user', id: token.userId },
      subject: { type: 'session', id: token.sessionId },
      detail: { method: 'password' },
    });
    return session;
  }

  return {
    receive,

    signIn: (credentials, device) =>
      even(
        () => begin(credentials, device),
        (outcome) =>
          'error' in outcome
            ? { waits: isServiceError(outcome.error, 'invalid_credentials') }
            : { isThorough: true },
      ),

    async refresh(refreshToken, device) {
      const welcome = await goOn(workbench, receive, refreshToken, device);
      if (welcome.is === 'welcome') return welcome.session;
      throw new ServiceError('refresh_token_not_found');
    },
  };
}

async function goOn(
  { gotrue, audit }: Workbench,
  receive: SignIn['receive'],
  refreshToken: string,
  device: Device | undefined,
): Promise<Welcome> {
  if (refreshToken === '') throw new ServiceError('refresh_token_not_found');
  try {
    const { session } = await gotrue.ask(device, (auth) =>
      auth.refreshSession({ refresh_token: refreshToken }),
    );
    if (session === null) throw new ServiceError('refresh_token_not_found');
    return await receive(session);
  } catch (error) {
    if (isRefusal(error, 'refresh_token_already_used')) {
      audit.enqueue({
        action: 'user.refresh_token_reused',
        outcome: 'failure',
        actor: { type: 'anonymous', id: null },
      });
      throw new ServiceError('refresh_token_already_used');
    }
    // What has no code comes from a gateway, and says nothing of the token.
    const isOfToken = error instanceof Refusal && GONE.has(error.status) && error.code !== '';
    if (isOfToken) throw new ServiceError('refresh_token_not_found', undefined, { cause: error });
    throw meaningOf(error);
  }
}

/** Reads what GoTrue has handed out as any token of its is read, and looks at what stands here. */
function createReception(workbench: Workbench): SignIn['receive'] {
  const { gotrue, tokens, view, ends, revocations, storage, logger } = workbench;

  async function readOwn(session: GotrueSession): Promise<TokenOfPerson> {
    try {
      return await tokens.read(session.access_token);
    } catch (error) {
      if (!isServiceError(error, 'invalid_token')) throw error;
      logger.error('Supabase Auth issues tokens that are not taken here. Run: auth-service doctor supabase', {
        reason: error.message,
      });
      throw new ServiceError('identity_misconfigured', undefined, { cause: error });
    }
  }

  /** So that what was turned away here is good nowhere. */
  async function endAtGotrue(session: GotrueSession): Promise<void> {
    try {
      await gotrue.administer(true, (api) => api.signOut(session.access_token, 'local'));
    } catch (error) {
      logger.warning('a session that was turned away could not be ended at Supabase Auth', {
        error: errorContext(error),
      });
    }
  }

  function judge({ userId, sessionId, issuedAt, startedAt }: TokenOfPerson, { profile, login }: Standing) {
    // GoTrue has made it just now: where it is not there, the tables are others.
    if (login === 'ended') view.doubt();
    if (profile?.isActive === false) return 'inactive';
    return revocations.isRevoked({ userId, sessionId, issuedAt, startedAt }) ? 'ended' : null;
  }

  /** With the profile that is theirs from their first log-in on. */
  async function keep({ token, standing }: { token: TokenOfPerson; standing: Standing }, seen: SeenAccount) {
    const { userId } = token;
    if (standing.profile !== null) {
      const known = await storage.supabaseAccounts.remember(userId, seen);
      if (known) return;
    }
    await adoptNow(workbench, userId, own(workbench, token));
    await storage.supabaseAccounts.remember(userId, seen);
  }

  return async (session) => {
    const token = await readOwn(session);
    const { userId, sessionId } = token;
    requireShape(session.user.id === userId, '/token');
    ends.learnLifetime(token.lifetime);
    await view.prove({ userId, sessionId });
    const standing = await view.standing(userId, sessionId);
    const why = judge(token, standing);
    if (why !== null) {
      await endAtGotrue(session);
      return { is: 'turned away', why, userId };
    }
    await keep({ token, standing }, seenIn(session.user));
    return { is: 'welcome', session: toUserSession(session, standing), token };
  };
}
