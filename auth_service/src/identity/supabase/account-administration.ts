import type { AdminUserAttributes, User as GotrueUser } from '@supabase/auth-js';
import { isServiceError, ServiceError } from '#errors';
import { errorContext } from '#observability';
import { ADMINISTRATORS_LOCK } from '#rbac';
import type { SeenAccount, TransactionStores } from '#storage';
import type { AccountAdministration, AccountUpdate, NewAccount, ReachedAccount } from '../types.ts';
import type { Accounts } from './accounts.ts';
import { HANDED_OVER_MARK, isMarkedAsHandedOver } from './handed-over.ts';
import { livingSessions } from './living-sessions.ts';
import { isRefusal, meaningOf, whenRefused } from './refusal.ts';
import { requireShape } from './shapes.ts';
import { seenIn } from './wire.ts';
import type { Workbench } from './workbench.ts';

const refuse = whenRefused([
  [['email_exists', 'user_already_exists'], () => new ServiceError('email_exists')],
  [['user_not_found'], () => new ServiceError('not_found')],
  [['weak_password'], () => new ServiceError('weak_password')],
  [
    ['email_address_invalid', 'validation_failed'],
    () => invalid('email', 'This is no e-mail address that can be used here.'),
  ],
]);

/**
 * What administrators do to GoTrue's accounts. What stands here is written in the transaction they bring; GoTrue is
 * told when all else is done, just before the commit, so that what is refused here has changed nothing there.
 */
export function createAccountAdministration(workbench: Workbench, accounts: Accounts): AccountAdministration {
  const { inTurn } = workbench;
  return {
    isElsewhere: true,
    inTurn,

    // GoTrue hashes it.
    preparePassword: async (password) => ({ prepared: password }),

    create: (stores, account) => createAccount(workbench, accounts, stores, account),

    async reach(userId) {
      const user = await accounts.find(userId);
      return reached(workbench, userId, user);
    },

    async listSessions(userId, { limit, offset }) {
      const all = await livingSessions(workbench, userId);
      return { items: all.slice(offset, offset + limit), count: all.length };
    },
  };
}

async function createAccount(
  { gotrue, random, now, logger }: Workbench,
  accounts: Accounts,
  stores: TransactionStores,
  { email, password, isVouchedFor, userMetadata, ...wanted }: NewAccount,
) {
  const id = random.uuid();
  const isConfirmed = wanted.isConfirmed ?? (await accounts.confirmsAutomatically());
  const takeBack = () =>
    gotrue
      .administer(true, (api) => api.deleteUser(id))
      .catch((failure: unknown) => {
        if (isRefusal(failure, 'user_not_found')) return;
        logger.warning('an account that may have been made could not be taken back from Supabase Auth', {
          user_id: id,
          error: errorContext(failure),
        });
      });
  stores.beforeCommit(async () => {
    const confirmedAt = isConfirmed ? now() : null;
    await stores.supabaseAccounts.remember(id, { ...NEVER_SEEN, email, confirmedAt });
    if (!isVouchedFor) await stores.supabaseAccounts.markHandedOver(id, now());
    const attributes: AdminUserAttributes = {
      ...{ id, email, email_confirm: isConfirmed, user_metadata: userMetadata },
      ...(password === null ? {} : { password: password.prepared }),
      ...(isVouchedFor ? {} : { app_metadata: { [HANDED_OVER_MARK]: true } }),
    };
    try {
      await gotrue.administer(false, (api) => api.createUser(attributes));
    } catch (error) {
      // It may have been made all the same, and nothing here would know who chose its password.
      if (isServiceError(error, 'identity_unavailable')) await takeBack();
      refuse(error);
    }
  });
  return { id, email, isConfirmed };
}

const NEVER_SEEN = { bannedUntil: null, lastSignInAt: null, updatedAt: null };

function reached(workbench: Workbench, userId: string, user: GotrueUser | null): ReachedAccount {
  const { gotrue, ends, now } = workbench;
  let seen: SeenAccount | null = user === null ? null : seenIn(user);
  const marked = isMarkedAsHandedOver(user);
  let hasNewPassword = false;
  return {
    async find() {
      if (user === null || seen === null) return null;
      const isConfirmed = seen.confirmedAt !== null;
      return { id: userId, email: seen.email, isConfirmed, userMetadata: user.user_metadata ?? {} };
    },

    async settle(stores) {
      // Before any row of theirs is written, as whatever ends an account has it.
      await stores.lock(ADMINISTRATORS_LOCK);
      if (seen === null) await stores.supabaseAccounts.markGone(userId, now());
      else await stores.supabaseAccounts.remember(userId, seen);
    },

    async update(stores, change) {
      if (seen === null) return false;
      if (change.isConfirmed === false && seen.confirmedAt !== null) {
        throw invalid('email_confirmed', 'Supabase takes no confirmation back. Ban or deactivate the user.');
      }
      const handedOver = handsOver(change, seen);
      hasNewPassword = change.password !== undefined;
      seen = after(seen, change, now());
      await stores.supabaseAccounts.remember(userId, seen);
      if (handedOver || change.isVouchedFor) {
        await stores.supabaseAccounts.markHandedOver(userId, change.isVouchedFor ? null : now());
      }
      const mark = { app_metadata: { [HANDED_OVER_MARK]: change.isVouchedFor ? null : true } };
      const isMarked = handedOver || (change.isVouchedFor && marked);
      const attributes = { ...attributesOf(change, now()), ...(isMarked ? mark : {}) };
      stores.beforeCommit(async () => {
        const { user: changed } = await gotrue
          .administer(true, (api) => api.updateUserById(userId, attributes))
          .catch(refuse);
        requireShape(changed.id === userId, '/admin/users');
        await stores.supabaseAccounts.remember(userId, seenIn(changed));
      });
      return true;
    },

    async delete(stores) {
      await ends.end(stores, userId, {}, { byGotrue: true, isDeleted: true });
      if (seen === null) return false;
      stores.beforeCommit(async () => {
        try {
          await gotrue.administer(true, (api) => api.deleteUser(userId));
        } catch (error) {
          // Gone meanwhile, or at the first of two tries whose answer was lost: which is what was wanted.
          if (!isRefusal(error, 'user_not_found')) throw meaningOf(error);
        }
      });
      return true;
    },

    /** But for a new password GoTrue has no way to end another person's log-ins: they are refused here for good. */
    endSessions: (stores) => ends.end(stores, userId, {}, { byGotrue: hasNewPassword }),
  };
}

/** Whoever chose the password or the address, or said that it is confirmed, could be anybody. */
function handsOver({ email, password, isConfirmed }: AccountUpdate, seen: SeenAccount): boolean {
  const isConfirmedNow = isConfirmed === true && seen.confirmedAt === null;
  return password !== undefined || (email ?? seen.email) !== seen.email || isConfirmedNow;
}

function after(seen: SeenAccount, { email, isConfirmed, bannedUntil }: AccountUpdate, at: Date): SeenAccount {
  return {
    ...seen,
    updatedAt: null,
    ...(email === undefined ? {} : { email }),
    ...(isConfirmed === true ? { confirmedAt: seen.confirmedAt ?? at } : {}),
    ...(bannedUntil === undefined ? {} : { bannedUntil }),
  };
}

function attributesOf({ email, password, isConfirmed, bannedUntil }: AccountUpdate, at: Date) {
  const seconds =
    bannedUntil == null ? 0 : Math.max(1, Math.ceil((bannedUntil.getTime() - at.getTime()) / 1000));
  return {
    ...(email === undefined ? {} : { email }),
    ...(password === undefined ? {} : { password: password.prepared }),
    ...(isConfirmed === true ? { email_confirm: true } : {}),
    ...(bannedUntil === undefined ? {} : { ban_duration: bannedUntil === null ? 'none' : `${seconds}s` }),
  } satisfies AdminUserAttributes;
}

function invalid(field: string, message: string): ServiceError {
  return new ServiceError('validation_failed', undefined, { fields: [{ field, message }] });
}
