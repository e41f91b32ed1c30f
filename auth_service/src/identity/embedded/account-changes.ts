import { ServiceError } from '#errors';
import type { TransactionStores } from '#storage';
import { endedDetail } from '../ended-sessions.ts';
import { hasRecentProofByMail } from '../recent-proof.ts';
import type { Bearer, DeviceSession, PasswordChange, SignOutScope } from '../types.ts';
import type { EmbeddedDependencies } from './dependencies.ts';
import { createSessionEnd } from './session-end.ts';
import { toPersonSession } from './wire.ts';

/** What a signed-in person does to their own account and sessions. */
export function createAccountChanges(dependencies: EmbeddedDependencies) {
  const { storage, passwords, audit, now } = dependencies;
  const endSessions = createSessionEnd(dependencies);

  /** A stolen access token alone must not be enough to take an account over. */
  async function provePassword(
    bearer: Bearer,
    hash: string | null,
    current: string | undefined,
  ): Promise<void> {
    if (current === undefined) {
      if (hasRecentProofByMail(bearer, now())) return;
      throw new ServiceError('reauthentication_needed');
    }
    const { matches } = await passwords.verify(current, hash);
    if (matches) return;
    audit.enqueue({
      action: 'user.login_failed',
      outcome: 'failure',
      actor: { type: 'user', id: bearer.principal.userId },
      subject: { type: 'user', id: bearer.principal.userId },
      detail: { reason: 'wrong_current_password' },
    });
    throw new ServiceError('current_password_invalid');
  }

  /** @returns false when the password was another by the time the new one was to be set. */
  async function attemptPasswordUpdate(bearer: Bearer, change: PasswordChange): Promise<boolean> {
    const { userId, sessionId } = bearer.principal;
    const { newPassword, currentPassword } = change;
    const person = await storage.accounts.findPerson(userId);
    if (person === null) throw sessionEnded();
    const { passwordHash: oldHash } = person.account;
    await provePassword(bearer, oldHash, currentPassword);
    const isSame =
      newPassword === currentPassword ||
      (currentPassword === undefined && (await passwords.verify(newPassword, oldHash)).matches);
    if (isSame) throw new ServiceError('same_password');
    const passwordHash = await passwords.hash(newPassword);
    return await storage.transaction(async (stores) => {
      const update = { passwordHash, updatedAt: now() };
      if (!(await stores.accounts.update(userId, update, { passwordHash: oldHash }))) return false;
      // Hashing took its time: whoever was logged out meanwhile must not change the password any more.
      if ((await stores.sessions.lock(sessionId)) === null) throw sessionEnded();
      const ended = await endSessions(stores, userId, { except: sessionId });
      await audit.record(stores, {
        action: 'user.password_changed',
        actor: { type: 'user', id: userId },
        subject: { type: 'user', id: userId },
        detail: { ended_sessions: ended.length },
      });
      return true;
    });
  }

  return {
    /** Of two at once one wins; the other's proof is looked at again, against the password that stands then. */
    async updatePassword(bearer: Bearer, change: PasswordChange): Promise<void> {
      const isDone =
        (await attemptPasswordUpdate(bearer, change)) || (await attemptPasswordUpdate(bearer, change));
      if (!isDone) throw new ServiceError('reauthentication_needed');
    },

    async signOut({ principal }: Bearer, scope: SignOutScope): Promise<string[]> {
      const { userId, sessionId } = principal;
      const which = { local: { only: sessionId }, others: { except: sessionId }, global: {} }[scope];
      return await storage.transaction(async (stores) => {
        const ended = await endSessions(stores, userId, which);
        await audit.record(stores, {
          action: 'user.logged_out',
          actor: { type: 'user', id: userId },
          subject: { type: 'user', id: userId },
          detail: endedDetail(scope, ended),
        });
        return ended;
      });
    },

    async listSessions({ principal }: Bearer): Promise<DeviceSession[]> {
      const sessions = await storage.sessions.list(principal.userId);
      return sessions.map((session) => ({
        ...toPersonSession(session),
        current: session.id === principal.sessionId,
      }));
    },

    async endSession({ principal }: Bearer, sessionId: string): Promise<boolean> {
      const { userId } = principal;
      return await storage.transaction(async (stores) => {
        const [ended] = await endSessions(stores, userId, { only: sessionId });
        if (ended === undefined) return false;
        await audit.record(stores, {
          action: 'user.logged_out',
          actor: { type: 'user', id: userId },
          subject: { type: 'session', id: ended },
          detail: endedDetail('one', [ended]),
        });
        return true;
      });
    },

    async deleteUser(
      { principal }: Bearer,
      forget: (stores: TransactionStores) => Promise<boolean>,
    ): Promise<void> {
      const { userId } = principal;
      await storage.transaction(async (stores) => {
        await forget(stores);
        // Gone already: by the same person, on another device at the same time.
        await endSessions(stores, userId);
        if (!(await stores.accounts.delete(userId))) throw sessionEnded();
        await audit.record(stores, {
          action: 'user.deleted',
          actor: { type: 'user', id: userId },
          subject: { type: 'user', id: userId },
        });
      });
    },
  };
}

function sessionEnded(): ServiceError {
  return new ServiceError('invalid_token', 'The session has ended.');
}
