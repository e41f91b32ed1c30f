import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { describeOn } from '../support/databases.ts';
import { archiveOf, everything, FILL, openRoom } from './room.ts';

/** Some of what Supabase Auth has: columns that fill themselves, an old json, accounts others hang on. */
const SUPABASE_AUTH = `
  create schema auth;
  create type auth.factor_type as enum ('totp', 'webauthn');
  create table auth.schema_migrations (version text primary key);
  create table auth.users (
    id uuid primary key, email text, encrypted_password text, raw_app_meta_data jsonb,
    confirmed_at timestamptz generated always as (email_confirmed_at) stored, email_confirmed_at timestamptz);
  create table auth.identities (
    id uuid primary key, user_id uuid not null references auth.users on delete cascade, identity_data jsonb not null,
    email text generated always as (lower(identity_data ->> 'email')) stored);
  create table auth.mfa_factors (id uuid primary key, user_id uuid not null references auth.users, factor_type auth.factor_type);
  create table auth.audit_log_entries (id uuid primary key, payload json);
  create table auth.sessions (id uuid primary key, user_id uuid not null references auth.users on delete cascade);
  create table auth.refresh_tokens (id bigserial primary key, session_id uuid references auth.sessions);
  alter table auth.users enable row level security;
  create table public.notes (owner uuid references auth.users on delete cascade, text text);
  create table public.born (id uuid);
  create function public.on_born() returns trigger language plpgsql as
    'begin insert into public.born values (new.id); return new; end';
  create trigger on_born after insert on auth.users for each row execute function public.on_born()`;
const ACCOUNTS = `
  insert into auth.schema_migrations values ('20300101');
  insert into auth.users values ('00000000-0000-4000-8000-000000000009', 'Ada@example.com', '$2a$10$x', '{"provider": "email"}', default, now());
  insert into auth.identities values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000009', '{"email": "Ada@example.com"}', default);
  insert into auth.mfa_factors values ('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-000000000009', 'totp');
  insert into auth.audit_log_entries values ('00000000-0000-4000-8000-00000000000c', E'{\\n  "b": 1,\\n  "a": 2}');
  insert into auth.sessions values ('00000000-0000-4000-8000-00000000000d', '00000000-0000-4000-8000-000000000009')`;

describeOn('postgres', 'a database that is restored into', (open) => {
  it('must have no server on it', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const file = await room.archive();
    const server = await room.openAnother({ mode: 'serve' });
    await server.check();
    const before = await everything(room);
    await assert.rejects(
      room.backups.restore(file, { force: true }),
      (error) => isServiceError(error, 'target_in_use') && /Stop every replica/.test(error.message),
    );
    assert.equal(await everything(room), before);
    await server.close();
    const command = await room.openAnother();
    await command.check();
    await room.backups.restore(file, { force: true });
  });

  it('loses nothing of others that points to ours', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const file = await room.archive();
    await room.query(`create table public.orders (owner uuid references auth_service_data.profiles on delete cascade);
      insert into public.orders select user_id from auth_service_data.profiles`);
    await assert.rejects(
      room.backups.restore(file, { force: true }),
      (error) => isServiceError(error, 'archive_misfit') && /orders/.test(error.message),
    );
    assert.deepEqual(await room.query('select count(*)::int as n from public.orders'), [{ n: 1 }]);
  });

  it('keeps policies of others that call our functions', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const file = await room.archive();
    await room.query(`create table public.things (id int);
      create policy readers on public.things using (auth_service_data.authorize('orders:read'))`);
    await room.backups.restore(file, { force: true });
    const policies = await room.query(`select policyname from pg_policies where tablename = 'things'`);
    assert.deepEqual(policies, [{ policyname: 'readers' }]);
  });

  it('a role that row level security keeps rows from writes no archive without them', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const role = `blind_${crypto.randomUUID().slice(0, 8)}`;
    await room.query(`create role ${role} login password 'x';
      grant usage on schema auth_service_data, auth_service_identity to ${role};
      grant select on all tables in schema auth_service_data, auth_service_identity to ${role}`);
    const { config } = room;
    if (config.kind !== 'postgres') return;
    const url = new URL(config.url);
    Object.assign(url, { username: role, password: 'x' });
    const storage = await room.openAnother({ mode: 'alone', database: { ...config, url: url.href } });
    await assert.rejects(archiveOf(room.as({ storage })), (error) =>
      isServiceError(error, 'insufficient_permission'),
    );
    await storage.close();
    await room.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('takes the accounts of Supabase Auth where they were asked for, waking none of its triggers', async () => {
    const about = { productVersion: '1', database: 'postgres', identity: 'supabase' } as const;
    const source = await openRoom(open);
    await source.query(SUPABASE_AUTH);
    await source.query(ACCOUNTS);
    const { leftOut } = await source.as({ about }).inspect(await archiveOf(source.as({ about })));
    assert.match(leftOut.join('\n'), /Supabase's accounts .*--with-supabase-auth/);
    const file = await archiveOf(source.as({ about }), { withSupabaseAuth: true });

    const target = await openRoom(open, { migrated: false });
    await assert.rejects(target.backups.restore(file), (error) => isServiceError(error, 'archive_misfit'));
    await target.query(SUPABASE_AUTH);
    await target.backups.restore(file);
    for (const table of ['users', 'identities', 'mfa_factors']) {
      const rows = `select to_jsonb(t) as row from auth.${table} t`;
      assert.deepEqual(await target.query(rows), await source.query(rows));
    }
    const payload = await target.query('select payload from auth.audit_log_entries');
    assert.deepEqual(payload, [{ payload: { a: 2, b: 1 } }]);
    for (const table of ['auth.sessions', 'auth.schema_migrations', 'public.born']) {
      assert.deepEqual(await target.query(`select count(*)::int as n from ${table}`), [{ n: 0 }], table);
    }
    // And never over accounts that are there.
    await target.query(`insert into public.notes select id, 'x' from auth.users`);
    await assert.rejects(
      target.backups.restore(file, { force: true }),
      (error) => isServiceError(error, 'target_not_empty') && /--no-supabase-auth/.test(error.message),
    );
    await target.backups.restore(file, { force: true, withoutSupabaseAuth: true });
    assert.deepEqual(await target.query('select count(*)::int as n from public.notes'), [{ n: 1 }]);
  });

  it('of a newer schema takes an older archive only where an older version could write', async () => {
    const room = await openRoom(open);
    const file = await room.archive();
    const newer = (compatibleFrom: number) =>
      room.query(`delete from auth_service_data.schema_migrations where version = 7;
        insert into auth_service_data.schema_migrations values (7, 'later', 'x', ${compatibleFrom}, now())`);
    await newer(7);
    await assert.rejects(room.backups.restore(file), (error) => isServiceError(error, 'archive_misfit'));
    await newer(6);
    await room.backups.restore(file);
  });
});
