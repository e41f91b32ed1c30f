import { ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { TransactionStores } from '#storage';
import { endedDetail } from '../ended-sessions.ts';
import { hasRecentProofByMail } from '../recent-proof.ts';
import type { Bearer, DeviceSession, PasswordChange, SignOutScope } from '../types.ts';
import { livingSessions } from './living-sessions.ts';
import { isRefusal, meaningOf, whenRefused } from './refusal.ts';
import { requireShape } from './shapes.ts';
import type { Workbench } from './workbench.ts';

const SESSION_GONE = ['session_not_found', 'user_not_found', 'session_expired'];

const sessionEnded = () => new ServiceError('invalid_token', 'The session has ended.');

const refusePassword = whenRefused([
  // Expired a moment ago, by GoTrue's clock, counts as well.
  [[...SESSION_GONE, 'user_banned', 'bad_jwt'], sessionEnded],
  [['same_password'], () => new ServiceError('same_password')],
  [['weak_password'], () => new ServiceError('weak_password')],
  [
    ['reauthentication_needed', 'reauthentication_not_valid'],
    () => new ServiceError('reauthentication_needed'),
  ],
  [
    ['current_password_required', 'current_password_invalid'],
    () => new ServiceError('current_password_invalid'),
  ],
]);

/** What a signed-in person does to their own account and sessions. */
export function createAccountChanges(workbench: Workbench) {
  return {
    updatePassword: createPasswordUpdate(workbench),
    signOut: createSignOut(workbench),
    ...createDeviceList(workbench),
    deleteUser: createDeletion(workbench),
  };
}

/**
 * GoTrue first: if it cannot be reached, nothing has happened, and the token is good for another try. No connection is
 * held meanwhile.
 */
function createSignOut({ gotrue, storage, ends, audit, view }: Workbench) {
  return async ({ principal, accessToken }: Bearer, scope: SignOutScope): Promise<string[]> => {
    const { userId, sessionId } = principal;
    const which = { local: { only: sessionId }, others: { except: sessionId }, global: {} }[scope];
    const known = (await view.sessions(userId))?.map(({ id }) => id);
    await gotrue.administer(true, (api) => api.signOut(accessToken, scope)).catch(unlessGone);
    return await storage.transaction(async (stores) => {
      const ended = await ends.end(stores, userId, { ...which, known }, { byGotrue: true });
      await audit.record(stores, {
        action: 'user.logged_out',
        actor: { type: 'user', id: userId },
        subject: { type: 'user', id: userId },
        detail: endedDetail(scope, ended),
      });
      return ended;
    });
  };
}

/** It has ended already, which is what was wanted. */
function unlessGone(error: unknown): void {
  if (isRefusal(error, ...SESSION_GONE)) return;
  throw isRefusal(error, 'bad_jwt', 'user_banned') ? sessionEnded() : meaningOf(error);
}

function createDeviceList(workbench: Workbench) {
  const { storage, ends, audit } = workbench;

  return {
    async listSessions({ principal }: Bearer): Promise<DeviceSession[]> {
      const sessions = await livingSessions(workbench, principal.userId);
      return sessions.map((session) => ({ ...session, current: session.id === principal.sessionId }));
    },

    /** GoTrue ends none but one's own; another one is refused here until it is gone there. */
    async endSession({ principal }: Bearer, sessionId: string): Promise<boolean> {
      const { userId } = principal;
      if (!(await livingSessions(workbench, userId)).some(({ id }) => id === sessionId)) return false;
      await storage.transaction(async (stores) => {
        const ended = await ends.end(stores, userId, { only: sessionId }, { byGotrue: false });
        await audit.record(stores, {
          action: 'user.logged_out',
          actor: { type: 'user', id: userId },
          subject: { type: 'session', id: sessionId },
          detail: endedDetail('one', ended),
        });
      });
      return true;
    },
  };
}

/** No connection is held while GoTrue is asked, which for a password it is three times. */
function createPasswordUpdate(workbench: Workbench) {
  const { gotrue, storage, ends, audit } = workbench;
  const prove = createPasswordProof(workbench);

  async function change({ principal, accessToken }: Bearer, wanted: PasswordChange): Promise<void> {
    const { newPassword: password, currentPassword } = wanted;
    const proof = await prove({ principal, accessToken }, currentPassword);
    try {
      if (password === currentPassword) throw new ServiceError('same_password');
      const current = currentPassword === undefined ? {} : { current_password: currentPassword };
      await gotrue
        .askAs(accessToken, (auth) => auth.updateUser({ password, ...current }))
        .catch(refusePassword);
    } catch (error) {
      await proof.takeBack();
      throw error;
    }
  }

  async function write({ userId, sessionId }: Bearer['principal'], known: string[] | undefined) {
    await storage.transaction(async (stores) => {
      const ended = await ends.end(stores, userId, { except: sessionId, known }, { byGotrue: true });
      await audit.record(stores, {
        action: 'user.password_changed',
        actor: { type: 'user', id: userId },
        subject: { type: 'user', id: userId },
        detail: { ended_sessions: ended.length },
      });
    });
  }

  return (bearer: Bearer, wanted: PasswordChange): Promise<void> => {
    const { principal } = bearer;
    // Of two by the same old password the second one finds that it is another by now; at two replicas GoTrue decides.
    return storage.inOrder(`password ${principal.userId}`, async () => {
      const known = (await workbench.view.sessions(principal.userId))?.map(({ id }) => id);
      await change(bearer, wanted);
      await write(principal, known);
    });
  };
}

/**
 * GoTrue does not ask for the current password unless it is told to. A log-in with it is the proof; the session that
 * comes of it ends with the change, or is taken back.
 */
function createPasswordProof({ gotrue, audit, now, logger }: Workbench) {
  /** What the token says may be another's by now. */
  async function addressOf({ accessToken }: Bearer): Promise<string> {
    const { user } = await gotrue
      .askAs(accessToken, (auth) => auth.getUser(accessToken))
      .catch(refusePassword);
    return user.email ?? '';
  }

  async function logIn(bearer: Bearer, password: string): Promise<string> {
    const { userId } = bearer.principal;
    const email = await addressOf(bearer);
    try {
      const { session } = await gotrue.ask(undefined, (auth) => auth.signInWithPassword({ email, password }));
      requireShape(session.user.id === userId, '/token');
      return session.access_token;
    } catch (error) {
      if (isRefusal(error, 'user_banned')) throw sessionEnded();
      if (!isRefusal(error, 'invalid_credentials', 'validation_failed')) throw meaningOf(error);
      audit.enqueue({
        action: 'user.login_failed',
        outcome: 'failure',
        actor: { type: 'user', id: userId },
        subject: { type: 'user', id: userId },
        detail: { reason: 'wrong_current_password' },
      });
      throw new ServiceError('current_password_invalid');
    }
  }

  return async (bearer: Bearer, current: string | undefined): Promise<{ takeBack(): Promise<void> }> => {
    if (current === undefined) {
      if (!hasRecentProofByMail(bearer, now())) throw new ServiceError('reauthentication_needed');
      return { takeBack: async () => {} };
    }
    const accessToken = await logIn(bearer, current);
    return {
      async takeBack() {
        try {
          await gotrue.administer(true, (api) => api.signOut(accessToken, 'local'));
        } catch (error) {
          logger.warning('the session of a password check could not be ended', {
            error: errorContext(error),
          });
        }
      },
    };
  };
}

function createDeletion({ gotrue, storage, ends, audit, inTurn }: Workbench) {
  return ({ principal }: Bearer, forget: (stores: TransactionStores) => Promise<boolean>): Promise<void> => {
    const { userId } = principal;
    return inTurn(() =>
      storage.transaction(async (stores) => {
        const hadProfile = await forget(stores);
        await ends.end(stores, userId, {}, { byGotrue: true, isDeleted: true });
        await audit.record(stores, {
          action: 'user.deleted',
          actor: { type: 'user', id: userId },
          subject: { type: 'user', id: userId },
        });
        stores.beforeCommit(async () => {
          try {
            await gotrue.administer(true, (api) => api.deleteUser(userId));
          } catch (error) {
            if (!isRefusal(error, 'user_not_found')) throw meaningOf(error);
            // Gone already: by the same person, on another device at the same time.
            if (!hadProfile) throw sessionEnded();
          }
        });
      }),
    );
  };
}
