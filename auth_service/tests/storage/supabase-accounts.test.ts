import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import type { SeenAccount, Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOn, describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { minutesAfter } from './builders.ts';
import { aProfile } from './people-builders.ts';
import { grantRoles } from './supabase.ts';

const SEEN: SeenAccount = {
  email: 'ada@example.com',
  confirmedAt: TEST_EPOCH,
  bannedUntil: null,
  lastSignInAt: minutesAfter(TEST_EPOCH, 5),
  updatedAt: null,
};

describeOnEachDatabase('accounts that Supabase keeps', (open) => {
  let database: TestDatabase;
  let storage: Storage;
  before(async () => {
    database = await open();
    storage = await database.openAnother({ accountsAreOurs: false });
    await grantRoles(storage, { user: [], editor: ['orders:write', 'orders:read'] });
  });

  const standing = async (userId: string) => {
    const { roles, permissions, login } = await storage.supabaseAccounts.standing(
      userId,
      crypto.randomUUID(),
      false,
    );
    return { roles, permissions, login };
  };

  it('hold what was granted, the default role without a profile, and nothing with an inactive one', async () => {
    const [editor, inactive] = [aProfile(), aProfile({ isActive: false })];
    await storage.profiles.insert(editor, ['user', 'editor']);
    await storage.profiles.insert(inactive, ['user', 'editor']);
    const unseen = { login: 'not visible', permissions: [] };
    assert.deepEqual(await standing(editor.userId), {
      roles: ['editor', 'user'],
      permissions: ['orders:read', 'orders:write'],
      login: 'not visible',
    });
    assert.deepEqual(await standing(inactive.userId), { ...unseen, roles: [] });
    assert.deepEqual(await standing(crypto.randomUUID()), { ...unseen, roles: ['user'] });
    const { profile } = await storage.supabaseAccounts.standing(editor.userId, crypto.randomUUID(), false);
    assert.deepEqual(profile, editor);
  });

  it('cost one statement to judge', async () => {
    const statements: string[] = [];
    const counted = await database.openAnother({
      accountsAreOurs: false,
      onStatement: (sql) => void statements.push(sql),
    });
    await counted.supabaseAccounts.standing(crypto.randomUUID(), crypto.randomUUID(), false);
    statements.length = 0;
    await counted.supabaseAccounts.standing(crypto.randomUUID(), crypto.randomUUID(), false);
    assert.equal(statements.length, 1);
  });

  it('are remembered as they were seen, for lists and for who may administer', async () => {
    const profile = aProfile();
    await storage.profiles.insert(profile, ['editor']);
    assert.equal(await storage.supabaseAccounts.remember(profile.userId, SEEN), true);
    assert.equal(await storage.supabaseAccounts.remember(crypto.randomUUID(), SEEN), false);
    const entry = await storage.directory.find(profile.userId);
    assert.deepEqual(
      [entry?.email, entry?.emailConfirmedAt, entry?.bannedUntil, entry?.lastSignInAt],
      ['ada@example.com', TEST_EPOCH, null, minutesAfter(TEST_EPOCH, 5)],
    );
    const { items } = await storage.directory.list({ limit: 200, offset: 0, q: 'ada@example.com' });
    assert.deepEqual(items, [entry]);
    const now = minutesAfter(TEST_EPOCH, 10);
    assert.deepEqual(await storage.userRoles.usable(profile.userId, null, now), [
      'orders:read',
      'orders:write',
    ]);
    assert.equal(await storage.userRoles.isHeld('editor', now), true);
    for (const [bannedUntil, isUsable] of [
      [minutesAfter(TEST_EPOCH, 11), false],
      [minutesAfter(TEST_EPOCH, 10), true],
    ] as const) {
      await storage.supabaseAccounts.remember(profile.userId, { ...SEEN, bannedUntil });
      assert.equal((await storage.userRoles.usable(profile.userId, null, now)).length > 0, isUsable);
    }
  });

  it('remember when somebody else chose their address or password', async () => {
    const profile = aProfile();
    await storage.profiles.insert(profile, []);
    const handedOverAt = async () =>
      (await storage.supabaseAccounts.remembered(profile.userId))?.handedOverAt;
    assert.equal(await handedOverAt(), null);
    await storage.supabaseAccounts.markHandedOver(profile.userId, TEST_EPOCH);
    assert.deepEqual(await handedOverAt(), TEST_EPOCH);
    await storage.supabaseAccounts.remember(profile.userId, SEEN);
    assert.deepEqual(await handedOverAt(), TEST_EPOCH);
    await storage.supabaseAccounts.markHandedOver(profile.userId, null);
    assert.equal(await handedOverAt(), null);
    assert.equal(await storage.supabaseAccounts.remembered(crypto.randomUUID()), null);
  });

  it('are adopted many at once; who has a profile keeps it', async () => {
    const known = aProfile({ username: 'known', isActive: false });
    await storage.profiles.insert(known, ['editor']);
    const newcomers = [aProfile({ firstName: 'Ada' }), aProfile()];
    const people = [...newcomers, aProfile({ userId: known.userId })].map((each) => ({
      ...each,
      seen: SEEN,
    }));
    assert.equal(await storage.supabaseAccounts.adoptMany(people, ['user']), 2);
    assert.equal(await storage.supabaseAccounts.adoptMany(people, ['user']), 0);
    assert.equal(await storage.supabaseAccounts.adoptMany([], ['user']), 0);
    assert.deepEqual(await storage.profiles.find(known.userId), known);
    const rolesOf = async (userId: string) => (await storage.userRoles.list(userId)).map(({ name }) => name);
    assert.deepEqual(await rolesOf(known.userId), ['editor']);
    for (const { userId, firstName } of newcomers) {
      assert.deepEqual(await rolesOf(userId), ['user']);
      assert.equal((await storage.profiles.find(userId))?.firstName, firstName);
      assert.deepEqual((await storage.directory.find(userId))?.emailConfirmedAt, TEST_EPOCH);
    }
  });
});

describeOn('postgres', "Supabase's own tables", (open) => {
  const ROLE = `reader_${crypto.randomUUID().replaceAll('-', '')}`;

  it('are read where they are there, granted, and not hidden; and why not is said', async (t) => {
    const { config, query, openAnother } = await open({ fresh: true });
    await query(`create role ${ROLE} login password 'reader'`);
    t.after(() => query(`drop owned by ${ROLE}; drop role ${ROLE}`));
    assert.ok(config.kind === 'postgres');
    const url = Object.assign(new URL(config.url), { username: ROLE, password: 'reader' }).href;
    const reader = await openAnother({ database: { ...config, url }, accountsAreOurs: false });
    const why = () => reader.supabaseAccounts.blindness();
    assert.match((await why()) ?? '', /has no schema auth/);
    await query('create schema auth; create table auth.orders ()');
    assert.match((await why()) ?? '', /no usage on schema auth/);
    await query(`grant usage on schema auth to ${ROLE}`);
    assert.match((await why()) ?? '', /not that of Supabase Auth/);
    await query(`create table auth.schema_migrations ();
      create table auth.users (id uuid, banned_until timestamptz, deleted_at timestamptz);
      create table auth.sessions (id uuid, user_id uuid, created_at timestamptz, refreshed_at timestamp,
        not_after timestamptz, ip inet, user_agent text, aal text)`);
    assert.match((await why()) ?? '', /may not select from auth.users and auth.sessions/);
    await query(`grant select on auth.users, auth.sessions to ${ROLE}`);
    assert.equal(await why(), null);
    await query('alter table auth.sessions enable row level security');
    assert.match((await why()) ?? '', /row level security hides/);
    await query(`alter role ${ROLE} bypassrls`);
    assert.equal(await why(), null);
  });

  it('tell which log-ins live, and when they were last seen', async () => {
    const { query, openAnother } = await open({ fresh: true });
    const storage = await openAnother({ accountsAreOurs: false });
    await query(`create schema auth; create table auth.schema_migrations ();
      create table auth.users (id uuid, banned_until timestamptz, deleted_at timestamptz);
      create table auth.sessions (id uuid, user_id uuid, created_at timestamptz, refreshed_at timestamp,
        not_after timestamptz, ip inet, user_agent text, aal text)`);
    const [userId, old, recent, over] = Array.from({ length: 4 }, () => crypto.randomUUID());
    await query('insert into auth.users (id) values ($1)', [userId]);
    await query(
      `insert into auth.sessions (id, user_id, created_at, refreshed_at, not_after, ip, user_agent, aal) values
        ($2, $1, '2030-01-01T00:00:00Z', '2030-01-02T00:00:00', null, '2001:db8::7', 'a browser', null),
        ($3, $1, '2030-01-03T00:00:00Z', null, null, null, null, 'aal2'),
        ($4, $1, '2020-01-03T00:00:00Z', null, '2020-01-04T00:00:00Z', null, null, 'aal1')`,
      [userId, old, recent, over],
    );
    assert.deepEqual(await storage.supabaseAccounts.sessions(userId ?? ''), [
      {
        id: recent,
        createdAt: new Date('2030-01-03T00:00:00Z'),
        lastSeenAt: new Date('2030-01-03T00:00:00Z'),
        ip: null,
        userAgent: null,
        aal: 'aal2',
      },
      {
        id: old,
        createdAt: new Date('2030-01-01T00:00:00Z'),
        lastSeenAt: new Date('2030-01-02T00:00:00Z'),
        ip: '2001:db8::7',
        userAgent: 'a browser',
        aal: 'aal1',
      },
    ]);
    const login = async (sessionId = '', of = userId) =>
      (await storage.supabaseAccounts.standing(of ?? '', sessionId, true)).login;
    assert.deepEqual(
      [await login(old), await login(recent), await login(over), await login(crypto.randomUUID())],
      ['alive', 'alive', 'ended', 'ended'],
    );
    assert.equal(await login(old, crypto.randomUUID()), 'ended', "another person's");
    for (const [column, value, isAlive] of [
      ['banned_until', '2999-01-01', false],
      ['banned_until', '2001-01-01', true],
      ['deleted_at', '2001-01-01', false],
    ] as const) {
      await query('update auth.users set banned_until = null, deleted_at = null');
      await query(`update auth.users set ${column} = $1`, [value]);
      assert.equal((await login(old)) === 'alive', isAlive, `${column} ${value}`);
    }
  });
});
