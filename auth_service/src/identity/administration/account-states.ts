import { type Authority, keepAnAdministrator } from '#rbac';
import type { DirectoryEntry } from '#storage';
import { endedDetail } from '../ended-sessions.ts';
import { FOR_EVER, readBanDuration } from './ban-duration.ts';
import { type Changing, changePerson, noSuchUser, requireEntry } from './change-person.ts';
import type { UserAdministration, UserAdministrationDependencies } from './types.ts';

type States = Pick<UserAdministration, 'ban' | 'unban' | 'logOut' | 'delete'>;

/** What keeps a person out, and lets them in again. */
export function createAccountStates(dependencies: UserAdministrationDependencies): States {
  const { audit, now } = dependencies;

  /** Rows in the order that all take them in: profile, account. */
  async function setBan({ stores, before, account }: Changing, bannedUntil: Date | null): Promise<void> {
    await stores.profiles.update(before.userId, { updatedAt: now() });
    // Whether they may vouch changes nothing: neither address nor password does.
    await account.update(stores, { bannedUntil, isVouchedFor: false });
  }

  function record(
    { stores, before }: Changing,
    by: Authority,
    action: 'user.banned' | 'user.unbanned' | 'user.logged_out' | 'user.deleted',
    detail: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    return audit.record(stores, { action, actor: by, subject: { type: 'user', id: before.userId }, detail });
  }

  return {
    async ban(by, userId, duration = FOR_EVER): Promise<DirectoryEntry> {
      const until = new Date(now().getTime() + readBanDuration(duration));
      return await changePerson(dependencies, { by, userId }, async (changing) => {
        const { stores, account } = changing;
        const ended = await keepAnAdministrator(stores, now(), async () => {
          await setBan(changing, until);
          return await account.endSessions(stores);
        });
        await record(changing, by, 'user.banned', {
          until: until.toISOString(),
          ended_sessions: ended.length,
        });
        return await requireEntry(dependencies, stores, userId, account);
      });
    },

    unban: (by, userId) =>
      changePerson(dependencies, { by, userId }, async (changing) => {
        const { stores, before, account } = changing;
        if (before.bannedUntil === null) return before;
        await keepAnAdministrator(stores, now(), () => setBan(changing, null));
        await record(changing, by, 'user.unbanned');
        return await requireEntry(dependencies, stores, userId, account);
      }),

    logOut: (by, userId) =>
      changePerson(dependencies, { by, userId }, async (changing) => {
        const ended = await changing.account.endSessions(changing.stores);
        await record(changing, by, 'user.logged_out', endedDetail('global', ended));
        return ended;
      }),

    delete: (by, userId) =>
      changePerson(dependencies, { by, userId }, async (changing) => {
        const { stores, before, account } = changing;
        await keepAnAdministrator(stores, now(), async () => {
          const hadProfile = await stores.profiles.delete(userId);
          const hadAccount = await account.delete(stores);
          // They left by themselves while this waited for its turn.
          if (!hadProfile && !hadAccount) throw noSuchUser();
        });
        await record(changing, by, 'user.deleted');
        return before;
      }),
  };
}
