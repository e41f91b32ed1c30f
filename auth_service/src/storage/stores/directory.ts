import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { DirectoryEntry, EffectivePermission } from '../person-records.ts';
import type { DirectoryStore, PersonColumn } from '../person-stores.ts';
import type { ProfilesTable, UsersTable } from '../person-tables.ts';
import type { Page } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { listPage, literally } from './paging.ts';
import { toProfile } from './profiles.ts';
import { isUuid } from './uuid.ts';

const NEWEST_FIRST = { column: 'created_at', isDescending: true } as const;
/** What is shorter has no trigram to be found by. */
const TRIGRAM = /[\p{L}\p{N}]{3}/u;

type EntryRow = Selectable<ProfilesTable> &
  Pick<Selectable<UsersTable>, 'email_confirmed_at' | 'banned_until' | 'last_sign_in_at'> & {
    roles: string[];
  };

export function createDirectoryStore(db: Kysely<Tables>, accountsAreOurs: boolean): DirectoryStore {
  const [columns, account] = accountsAreOurs ? [OUR_COLUMNS, ACCOUNT] : [SEEN_COLUMNS, sql``];
  return {
    list(page) {
      const found = sql`${PROFILES} profile ${condition(page)}`;
      const order = orderBy(page);
      // The page is chosen among ids, which an index holds; only its own rows are then looked at.
      const chosen = sql`
        select profile.user_id from ${found} order by ${order} limit ${page.limit} offset ${page.offset}`;
      const readPage = async () => {
        const { rows } = await sql<EntryRow>`
          select ${columns} from (${chosen}) page
          join ${PROFILES} profile on profile.user_id = page.user_id
          ${account} order by ${order}`.execute(db);
        return rows.map(toEntry);
      };
      return listPage(page, readPage, async () => {
        const counted = isSearch(page) ? found : ALL_IDS;
        const count = sql<{ count: number }>`select count(*)::integer as count from ${counted}`;
        return (await count.execute(db)).rows[0] ?? { count: 0 };
      });
    },

    async find(userId) {
      if (!isUuid(userId)) return null;
      const { rows } = await sql<EntryRow>`
        select ${columns} from ${PROFILES} profile ${account} where profile.user_id = ${userId}`.execute(db);
      return rows[0] === undefined ? null : toEntry(rows[0]);
    },

    async effectivePermissions(userId) {
      if (!isUuid(userId)) return [];
      const { rows } = await sql<EffectivePermission>`
        select permission.name, array_agg(role.name order by role.name) as roles
        from ${PROFILES} profile
        join ${USER_ROLES} held on held.user_id = profile.user_id
        join ${ROLES} role on role.id = held.role_id
        join ${sql.table('auth_service_data.role_permissions')} granted on granted.role_id = role.id
        join ${sql.table('auth_service_data.permissions')} permission on permission.id = granted.permission_id
        where profile.user_id = ${userId} and profile.is_active
        group by permission.name order by permission.name`.execute(db);
      return rows;
    },
  };
}

const PROFILES = sql.table('auth_service_data.profiles');
/** In an order that only an index has: else the whole table would be read to count it. */
const ALL_IDS = sql`(select user_id from ${PROFILES} order by user_id) everybody`;
const USER_ROLES = sql.table('auth_service_data.user_roles');
const ROLES = sql.table('auth_service_data.roles');
const ACCOUNT = sql`
  left join ${sql.table('auth_service_identity.users')} account on account.id = profile.user_id`;
const ROLE_NAMES = sql`
  (select coalesce(array_agg(role.name order by role.name), '{}')
    from ${USER_ROLES} held join ${ROLES} role on role.id = held.role_id
    where held.user_id = profile.user_id
  ) as roles`;
const OUR_COLUMNS = sql`
  profile.*, account.email_confirmed_at, account.banned_until, account.last_sign_in_at, ${ROLE_NAMES}`;
/** As they were when the account was last looked at. */
const SEEN_COLUMNS = sql`
  profile.*, profile.account_confirmed_at as email_confirmed_at, profile.account_banned_until as banned_until,
  profile.account_last_sign_in_at as last_sign_in_at, ${ROLE_NAMES}`;

function isSearch(page: Page): page is Page & { readonly q: string } {
  return page.q !== undefined && page.q !== '';
}

function condition(page: Page): RawBuilder<unknown> {
  if (!isSearch(page)) return sql``;
  const { q } = page;
  const text = literally(q);
  if (!TRIGRAM.test(q)) {
    const beginning = sql`lower(${`${text}%`})`;
    return sql`where lower(profile.email) like ${beginning} or lower(profile.username) like ${beginning}`;
  }
  const anywhere = `%${text}%`;
  return sql`
    where profile.email ilike ${anywhere} or profile.username ilike ${anywhere}
      or profile.first_name ilike ${anywhere} or profile.last_name ilike ${anywhere}`;
}

/** Ids in the same direction, so that one index gives the order both ways. */
function orderBy({ sort = NEWEST_FIRST }: Page<PersonColumn>): RawBuilder<unknown> {
  const direction = sql.raw(sort.isDescending ? 'desc' : 'asc');
  return sql`${sql.ref(`profile.${sort.column}`)} ${direction}, profile.user_id ${direction}`;
}

function toEntry(row: EntryRow): DirectoryEntry {
  return {
    ...toProfile(row),
    emailConfirmedAt: row.email_confirmed_at,
    bannedUntil: row.banned_until,
    lastSignInAt: row.last_sign_in_at,
    roles: row.roles,
  };
}
