import pg from 'pg';
import type { GotrueUser, Session, Store } from './store.ts';

const SCHEMA = `
  select pg_advisory_xact_lock(hashtextextended('gotrue double', 0));
  create schema if not exists auth;
  create table if not exists auth.users (
    id uuid primary key,
    aud text,
    role text,
    email text,
    encrypted_password text,
    email_confirmed_at timestamptz,
    confirmation_sent_at timestamptz,
    invited_at timestamptz,
    last_sign_in_at timestamptz,
    banned_until timestamptz,
    deleted_at timestamptz,
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    is_sso_user boolean not null default false,
    is_anonymous boolean not null default false,
    created_at timestamptz,
    updated_at timestamptz
  );
  create table if not exists auth.sessions (
    id uuid primary key,
    user_id uuid not null references auth.users (id) on delete cascade,
    created_at timestamptz,
    updated_at timestamptz,
    factor_id uuid,
    aal text,
    not_after timestamptz,
    refreshed_at timestamp without time zone,
    user_agent text,
    ip inet,
    tag text
  );
  create table if not exists auth.schema_migrations (version text primary key);`;

/** Schema `auth`, as GoTrue has it in the project's own database. */
export interface Mirror {
  /** Writes what was touched. */
  write(store: Store): Promise<void>;
  close(): Promise<void>;
}

export async function openMirror(url: string): Promise<Mirror> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => {});
  await pool.query(SCHEMA);
  return {
    async write(store) {
      const { users, sessions } = store.touched;
      if (users.size + sessions.size === 0) return;
      const client = await pool.connect();
      let isBroken = true;
      try {
        await client.query('begin');
        for (const id of users) await writeUser(client, id, store.users.get(id));
        for (const id of sessions) await writeSession(client, id, store.sessions.get(id));
        await client.query('commit');
        isBroken = false;
      } finally {
        client.release(isBroken);
      }
      users.clear();
      sessions.clear();
    },
    close: () => pool.end(),
  };
}

async function writeUser(client: pg.PoolClient, id: string, user: GotrueUser | undefined): Promise<void> {
  if (user === undefined) {
    await client.query('delete from auth.users where id = $1', [id]);
    return;
  }
  await upsert(client, 'auth.users', {
    id,
    aud: user.aud,
    role: user.role,
    email: user.email,
    encrypted_password: user.passwordHash ?? '',
    email_confirmed_at: user.emailConfirmedAt,
    confirmation_sent_at: user.confirmationSentAt,
    invited_at: user.invitedAt,
    last_sign_in_at: user.lastSignInAt,
    banned_until: user.bannedUntil,
    deleted_at: user.deletedAt,
    raw_app_meta_data: JSON.stringify(user.appMetadata),
    raw_user_meta_data: JSON.stringify(user.userMetadata),
    is_sso_user: false,
    is_anonymous: user.isAnonymous,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  });
}

async function writeSession(client: pg.PoolClient, id: string, session: Session | undefined): Promise<void> {
  if (session === undefined) {
    await client.query('delete from auth.sessions where id = $1', [id]);
    return;
  }
  await upsert(client, 'auth.sessions', {
    id,
    user_id: session.userId,
    created_at: session.createdAt,
    updated_at: session.refreshedAt ?? session.createdAt,
    factor_id: null,
    aal: 'aal1',
    not_after: null,
    // Has no time zone and means UTC; pg would write a Date in the zone of this process.
    refreshed_at: session.refreshedAt?.toISOString() ?? null,
    user_agent: session.userAgent,
    ip: session.ip,
    tag: null,
  });
}

async function upsert(client: pg.PoolClient, table: string, row: Record<string, unknown>): Promise<void> {
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  const changes = names.slice(1).map((name) => `${name} = excluded.${name}`);
  await client.query(
    `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})
     on conflict (id) do update set ${changes.join(', ')}`,
    Object.values(row),
  );
}
