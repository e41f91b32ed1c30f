import { isServiceError, ServiceError } from '#errors';
import type { Account, TransactionStores } from '#storage';
import type { AccountAdministration, AccountUpdate, ReachedAccount } from '../types.ts';
import { createAccountDraft } from './account-draft.ts';
import type { EmbeddedDependencies } from './dependencies.ts';
import { createSessionEnd } from './session-end.ts';
import { toPersonSession } from './wire.ts';

/** What administrators do to the accounts of this server, all in the transaction they bring. */
export function createAccountAdministration(dependencies: EmbeddedDependencies): AccountAdministration {
  const { storage, passwords, settings } = dependencies;
  const drawUp = createAccountDraft(dependencies);

  return {
    isElsewhere: false,
    inTurn: (work) => work(),

    preparePassword: async (password) => ({ prepared: await passwords.hash(password) }),

    async create(stores, { email, password, isVouchedFor, userMetadata, ...wanted }) {
      const isConfirmed = wanted.isConfirmed ?? settings.confirmsAutomatically;
      const { account, identity } = drawUp(
        { email, userMetadata },
        { passwordHash: password?.prepared ?? null, isConfirmed, isProved: isConfirmed && isVouchedFor },
      );
      if (!(await stores.accounts.insert(account, identity))) throw new ServiceError('email_exists');
      return { id: account.id, email, isConfirmed };
    },

    reach: async (userId) => reached(dependencies, userId),

    async listSessions(userId, window) {
      const { items, count } = await storage.sessions.page(userId, window);
      return { items: items.map(toPersonSession), count };
    },
  };
}

export function reached(dependencies: EmbeddedDependencies, userId: string): ReachedAccount {
  const { now } = dependencies;
  const endSessions = createSessionEnd(dependencies);

  /** The account's row first: whoever is logging in has it, and their session is there when it is let go. */
  async function endAll(stores: TransactionStores): Promise<string[]> {
    await stores.accounts.lock(userId);
    return await endSessions(stores, userId);
  }

  return {
    async find(stores) {
      const found = await stores.accounts.findPerson(userId);
      if (found === null) return null;
      const { id, email, emailConfirmedAt, userMetadata } = found.account;
      return { id, email, isConfirmed: emailConfirmedAt !== null, userMetadata };
    },

    settle: async () => {},

    async update(stores, change) {
      const account = await stores.accounts.lock(userId);
      if (account === null) return false;
      const at = now();
      if (change.email !== undefined || change.isConfirmed !== undefined) {
        const { email = account.email } = change;
        const emailConfirmedAt = isConfirmedAfter(account, change) ? (account.emailConfirmedAt ?? at) : null;
        const address = { email, emailConfirmedAt, updatedAt: at };
        await takenMeansEmail(() => stores.accounts.changeAddress(userId, address));
      }
      const emailProvedAt = isConfirmedAfter(account, change) ? proofAfter(account, change, at) : null;
      await stores.accounts.update(userId, {
        emailProvedAt,
        updatedAt: at,
        ...(change.password === undefined ? {} : { passwordHash: change.password.prepared }),
        ...(change.bannedUntil === undefined ? {} : { bannedUntil: change.bannedUntil }),
      });
      return true;
    },

    async delete(stores) {
      await endAll(stores);
      return await stores.accounts.delete(userId);
    },

    endSessions: endAll,
  };
}

function isConfirmedAfter({ emailConfirmedAt }: Account, { isConfirmed }: AccountUpdate): boolean {
  return isConfirmed ?? emailConfirmedAt !== null;
}

/** Of a confirmed address. Who may not vouch must not make an account that looks proved but is in other hands. */
function proofAfter(account: Account, change: AccountUpdate, at: Date): Date | null {
  const isMoved = change.email !== undefined && change.email !== account.email;
  const isHandedOver = isMoved || change.password !== undefined;
  if (!change.isVouchedFor) return isHandedOver ? null : account.emailProvedAt;
  return isMoved || change.isConfirmed === true ? at : account.emailProvedAt;
}

async function takenMeansEmail<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isServiceError(error, 'already_exists') ? new ServiceError('email_exists') : error;
  }
}
