import { type Kysely, type Selectable, sql } from 'kysely';
import type { Session } from '../person-records.ts';
import type { SessionStore } from '../person-stores.ts';
import type { SessionsTable } from '../person-tables.ts';
import type { Tables } from '../tables.ts';
import { countAll } from './paging.ts';
import { type PersonRow, personColumns, personTables, toPerson } from './read-person.ts';
import { isUuid } from './uuid.ts';

const SESSIONS = 'auth_service_identity.sessions';

/** As JSON, so that no column hides another of the same name, and nothing stands for no session. */
type SessionAsJson = Omit<Selectable<SessionsTable>, 'refreshed_at' | 'created_at' | 'updated_at'> & {
  refreshed_at: string | null;
  created_at: string;
  updated_at: string;
};

/** The session beside its person. */
interface PersonInSessionRow extends PersonRow {
  session: SessionAsJson;
}

export function createSessionStore(db: Kysely<Tables>): SessionStore {
  return {
    async insert(session) {
      await db.insertInto(SESSIONS).values(toRow(session)).execute();
    },

    async findLive(sessionId, userId) {
      if (!isUuid(sessionId) || !isUuid(userId)) return null;
      const { rows } = await sql<PersonInSessionRow>`
        select ${personColumns()}, to_json(live) as session
        from ${personTables()}
        join ${sql.table(SESSIONS)} live on live.user_id = account.id
        where live.id = ${sessionId} and account.id = ${userId}`.execute(db);
      const [row] = rows;
      return row === undefined ? null : { ...toPerson(row), session: fromJson(row.session) };
    },

    async lock(sessionId) {
      if (!isUuid(sessionId)) return null;
      const row = await db
        .selectFrom(SESSIONS)
        .selectAll()
        .where('id', '=', sessionId)
        .forUpdate()
        .executeTakeFirst();
      return row === undefined ? null : toSession(row);
    },

    async advance(sessionId, { refreshCounter, sealedRefreshKey, at }) {
      if (!isUuid(sessionId)) return false;
      const { numUpdatedRows } = await db
        .updateTable(SESSIONS)
        .set({
          refresh_counter: refreshCounter,
          sealed_refresh_key: sealedRefreshKey,
          refreshed_at: at,
          updated_at: at,
        })
        .where('id', '=', sessionId)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async list(userId) {
      if (!isUuid(userId)) return [];
      const rows = await db
        .selectFrom(SESSIONS)
        .selectAll()
        .where('user_id', '=', userId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map(toSession);
    },

    async page(userId, { limit, offset }) {
      if (!isUuid(userId)) return { items: [], count: 0 };
      const theirs = db.selectFrom(SESSIONS).where('user_id', '=', userId);
      // The count also where the page is empty: then its one row has no session.
      const { rows } = await sql<{ count: number; session: SessionAsJson | null }>`
        select counted.count, to_json(page) as session
        from (${theirs.select(countAll)}) counted
        left join (
          ${theirs.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).offset(offset)}
        ) page on true
        order by page.created_at desc, page.id desc`.execute(db);
      const items = rows.flatMap(({ session }) => (session === null ? [] : [fromJson(session)]));
      return { items, count: rows[0]?.count ?? 0 };
    },

    async end(userId, { only, except } = {}) {
      if (![userId, only ?? userId, except ?? userId].every(isUuid)) return [];
      // Locked in one order, so that two who end the same sessions never wait for each other.
      const ending = db
        .selectFrom(SESSIONS)
        .select('id')
        .where('user_id', '=', userId)
        .$if(only !== undefined, (query) => query.where('id', '=', only ?? ''))
        .$if(except !== undefined, (query) => query.where('id', '!=', except ?? ''))
        .orderBy('id')
        .forUpdate();
      const rows = await db.deleteFrom(SESSIONS).where('id', 'in', ending).returning('id').execute();
      return rows.map(({ id }) => id);
    },
  };
}

function toRow(session: Session) {
  return {
    id: session.id,
    user_id: session.userId,
    aal: session.aal,
    amr: JSON.stringify(session.amr),
    sealed_refresh_key: session.sealedRefreshKey,
    refresh_counter: session.refreshCounter,
    refreshed_at: session.refreshedAt,
    ip: session.ip,
    user_agent: session.userAgent,
    created_at: session.createdAt,
    updated_at: session.updatedAt,
  };
}

function fromJson(session: SessionAsJson): Session {
  return toSession({
    ...session,
    refreshed_at: session.refreshed_at === null ? null : new Date(session.refreshed_at),
    created_at: new Date(session.created_at),
    updated_at: new Date(session.updated_at),
  });
}

function toSession(row: Selectable<SessionsTable>): Session {
  return {
    id: row.id,
    userId: row.user_id,
    aal: row.aal,
    amr: row.amr,
    sealedRefreshKey: row.sealed_refresh_key,
    refreshCounter: Number(row.refresh_counter),
    refreshedAt: row.refreshed_at,
    ip: row.ip,
    userAgent: row.user_agent,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
