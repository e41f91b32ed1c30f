import type { Kysely, Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Profile, ProfileChange } from '../person-records.ts';
import type { ProfileStore } from '../person-stores.ts';
import type { ProfilesTable } from '../person-tables.ts';
import type { Tables } from '../tables.ts';
import { isUuid } from './uuid.ts';

export function createProfileStore(db: Kysely<Tables>): ProfileStore {
  return {
    async insert(profile, roleNames) {
      await db
        .with('created', (query) => query.insertInto('profiles').values(toRow(profile)).returning('user_id'))
        .insertInto('user_roles')
        .columns(['user_id', 'role_id', 'assigned_at'])
        .expression((query) =>
          query
            .selectFrom(['created', 'roles'])
            .select([
              'created.user_id',
              'roles.id',
              sql<Date>`${profile.createdAt}::timestamptz`.as('assigned_at'),
            ])
            .where('roles.name', '=', sql<string>`any (${[...roleNames]}::text[])`),
        )
        .execute();
    },

    async find(userId) {
      if (!isUuid(userId)) return null;
      const row = await db
        .selectFrom('profiles')
        .selectAll()
        .where('user_id', '=', userId)
        .executeTakeFirst();
      return row === undefined ? null : toProfile(row);
    },

    async isUsernameTaken(username) {
      const row = await db
        .selectFrom('profiles')
        .select('user_id')
        .where(sql`lower(username)`, '=', sql`lower(${username})`)
        .executeTakeFirst();
      return row !== undefined;
    },

    async update(userId, change) {
      if (!isUuid(userId)) return null;
      const row = await db
        .updateTable('profiles')
        .set(toColumns(change))
        .where('user_id', '=', userId)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : toProfile(row);
    },

    async delete(userId) {
      if (!isUuid(userId)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('profiles')
        .where('user_id', '=', userId)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

export function toRow(profile: Profile) {
  return {
    user_id: profile.userId,
    email: profile.email,
    username: profile.username,
    first_name: profile.firstName,
    last_name: profile.lastName,
    is_active: profile.isActive,
    created_at: profile.createdAt,
    updated_at: profile.updatedAt,
  };
}

function toColumns(change: ProfileChange) {
  return {
    updated_at: change.updatedAt,
    ...(change.email === undefined ? {} : { email: change.email }),
    ...(change.username === undefined ? {} : { username: change.username }),
    ...(change.firstName === undefined ? {} : { first_name: change.firstName }),
    ...(change.lastName === undefined ? {} : { last_name: change.lastName }),
    ...(change.isActive === undefined ? {} : { is_active: change.isActive }),
  };
}

type ProfileRow = Omit<Selectable<ProfilesTable>, `account_${string}`>;

export function toProfile(row: ProfileRow): Profile {
  return {
    userId: row.user_id,
    email: row.email,
    username: row.username,
    firstName: row.first_name,
    lastName: row.last_name,
    isActive: row.is_active,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
