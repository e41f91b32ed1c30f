import { type Kysely, sql } from 'kysely';
import type { Account, AccountChange, LinkedIdentity } from '../person-records.ts';
import type { AccountStore } from '../person-stores.ts';
import type { Tables } from '../tables.ts';
import { readPerson, toAccount } from './read-person.ts';
import { isUuid } from './uuid.ts';

const USERS = 'auth_service_identity.users';

export function createAccountStore(db: Kysely<Tables>): AccountStore {
  return {
    async insert(account, identity) {
      const { numInsertedOrUpdatedRows } = await db
        .with('created', (query) =>
          query
            .insertInto(USERS)
            .values(toRow(account))
            .onConflict((conflict) => conflict.column('email').doNothing())
            .returning('id'),
        )
        .insertInto('auth_service_identity.identities')
        .columns(IDENTITY_COLUMNS)
        .expression((query) => query.selectFrom('created').select(identityValues(identity)))
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },

    async findPerson(userId) {
      return isUuid(userId) ? await readPerson(db, sql`account.id = ${userId}`) : null;
    },

    findPersonByEmail: (email) => readPerson(db, sql`account.email = ${email}`),

    async update(userId, change, expected) {
      if (!isUuid(userId)) return false;
      const hash = expected?.passwordHash ?? null;
      const { numUpdatedRows } = await db
        .updateTable(USERS)
        .set(toColumns(change))
        .where('id', '=', userId)
        .$if(expected !== undefined, (query) => query.where('password_hash', 'is not distinct from', hash))
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async lock(userId) {
      if (!isUuid(userId)) return null;
      const row = await db
        .selectFrom(USERS)
        .selectAll()
        .where('id', '=', userId)
        .forUpdate()
        .executeTakeFirst();
      return row === undefined ? null : toAccount(row);
    },

    async changeAddress(userId, { email, emailConfirmedAt, updatedAt }) {
      if (!isUuid(userId)) return false;
      const verified = { email_verified: emailConfirmedAt !== null };
      const { rows } = await sql`
        with changed as (
          update ${sql.table(USERS)} set email = ${email}, email_confirmed_at = ${emailConfirmedAt}, updated_at = ${updatedAt},
            user_metadata = user_metadata || ${JSON.stringify(verified)}::jsonb
          where id = ${userId} returning id
        ), linked as (
          update ${sql.table('auth_service_identity.identities')} identity
          set email = ${email}, updated_at = ${updatedAt},
            identity_data = identity.identity_data || ${JSON.stringify({ ...verified, email })}::jsonb
          from changed where identity.user_id = changed.id and identity.provider = 'email'
        )
        select id from changed`.execute(db);
      return rows.length > 0;
    },

    async delete(userId) {
      if (!isUuid(userId)) return false;
      const { numDeletedRows } = await db.deleteFrom(USERS).where('id', '=', userId).executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

function toRow(account: Account) {
  return {
    id: account.id,
    email: account.email,
    password_hash: account.passwordHash,
    email_confirmed_at: account.emailConfirmedAt,
    email_proved_at: account.emailProvedAt,
    last_sign_in_at: account.lastSignInAt,
    banned_until: account.bannedUntil,
    app_metadata: JSON.stringify(account.appMetadata),
    user_metadata: JSON.stringify(account.userMetadata),
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}

const IDENTITY_COLUMNS = [
  'id',
  'user_id',
  'provider',
  'provider_id',
  'identity_data',
  'email',
  'last_sign_in_at',
  'created_at',
  'updated_at',
] as const;

function identityValues(identity: LinkedIdentity) {
  return [
    sql<string>`${identity.id}::uuid`.as('id'),
    sql<string>`created.id`.as('user_id'),
    sql<string>`${identity.provider}::text`.as('provider'),
    sql<string>`${identity.providerId}::text`.as('provider_id'),
    sql<string>`${JSON.stringify(identity.identityData)}::jsonb`.as('identity_data'),
    sql<string | null>`${identity.email}::text`.as('email'),
    sql<Date | null>`${identity.lastSignInAt}::timestamptz`.as('last_sign_in_at'),
    sql<Date>`${identity.createdAt}::timestamptz`.as('created_at'),
    sql<Date>`${identity.updatedAt}::timestamptz`.as('updated_at'),
  ] as const;
}

function toColumns(change: AccountChange) {
  return {
    updated_at: change.updatedAt,
    ...(change.passwordHash === undefined ? {} : { password_hash: change.passwordHash }),
    ...(change.emailProvedAt === undefined ? {} : { email_proved_at: change.emailProvedAt }),
    ...(change.emailConfirmedAt === undefined ? {} : { email_confirmed_at: change.emailConfirmedAt }),
    ...(change.lastSignInAt === undefined ? {} : { last_sign_in_at: change.lastSignInAt }),
    ...(change.bannedUntil === undefined ? {} : { banned_until: change.bannedUntil }),
    ...(change.userMetadata === undefined ? {} : { user_metadata: JSON.stringify(change.userMetadata) }),
  };
}
