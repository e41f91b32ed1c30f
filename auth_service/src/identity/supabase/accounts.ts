import type { User as GotrueUser } from '@supabase/auth-js';
import { isRefusal, meaningOf } from './refusal.ts';
import { isPerson, requireShape } from './shapes.ts';
import type { Workbench } from './workbench.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const USERS_A_PAGE = 100;
/** An address is looked for among what contains it: other addresses, and whatever people call themselves. */
const PAGES_AT_MOST = 1_000;
/** How long what GoTrue is set to is taken for granted. */
const SETTINGS_FRESH_MS = 60_000;

/** GoTrue's accounts as its service key shows them. Throws ServiceErrors alone. */
export interface Accounts {
  find(userId: string): Promise<GotrueUser | null>;
  findByEmail(email: string): Promise<GotrueUser | null>;
  /** Oldest first. @param page from 1 */
  list(page: number): Promise<GotrueUser[]>;
  /** Whether accounts are confirmed without a mail. */
  confirmsAutomatically(): Promise<boolean>;
}

export function createAccounts({ gotrue, now }: Pick<Workbench, 'gotrue' | 'now'>): Accounts {
  let settings: { readonly atMs: number; readonly confirms: boolean } | null = null;

  async function page(query: Record<string, string>): Promise<GotrueUser[]> {
    const search = new URLSearchParams({ per_page: String(USERS_A_PAGE), ...query });
    try {
      const body = await gotrue.read(`/admin/users?${search}`, 'service');
      const { users } = (body ?? {}) as { users?: unknown };
      requireShape(Array.isArray(users) && users.every(isPerson), '/admin/users');
      return users as GotrueUser[];
    } catch (error) {
      throw meaningOf(error);
    }
  }

  return {
    async find(userId) {
      if (!UUID.test(userId)) return null;
      try {
        const { user } = await gotrue.administer(true, (api) => api.getUserById(userId));
        requireShape(user.id === userId.toLowerCase(), '/admin/users');
        return user;
      } catch (error) {
        if (isRefusal(error, 'user_not_found')) return null;
        throw meaningOf(error);
      }
    },

    async findByEmail(email) {
      for (let number = 1; number <= PAGES_AT_MOST; number += 1) {
        const users = await page({ filter: email, page: String(number) });
        const found = users.find((user) => user.email?.toLowerCase() === email);
        if (found !== undefined) return found;
        if (users.length < USERS_A_PAGE) return null;
      }
      return null;
    },

    list: (number) => page({ page: String(number), sort: 'created_at asc' }),

    async confirmsAutomatically() {
      if (settings !== null && Math.abs(now().getTime() - settings.atMs) < SETTINGS_FRESH_MS) {
        return settings.confirms;
      }
      try {
        const body = await gotrue.read('/settings', 'anybody');
        const { mailer_autoconfirm: confirms } = (body ?? {}) as { mailer_autoconfirm?: unknown };
        // What proves an address hangs on it: nothing is taken for granted.
        requireShape(typeof confirms === 'boolean', '/settings');
        settings = { atMs: now().getTime(), confirms: confirms === true };
        return settings.confirms;
      } catch (error) {
        throw meaningOf(error);
      }
    },
  };
}
