import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { connect } from '../support/raw-connection.ts';
import { createSupabaseRoles, grantRoles, insertPerson } from './supabase.ts';

const TABLES = ['profiles', 'user_roles', 'roles', 'role_permissions', 'permissions'];
const NOTHING = { claims: { app_metadata: { roles: [], permissions: [] } } };
const HELD = { claims: { app_metadata: { roles: ['editor'], permissions: ['orders:write'] } } };
const HOOK = 'select auth_service_data.custom_access_token_hook($1) as answer';

describeOn('postgres', 'the access token hook in trouble', (open) => {
  async function prepare(options?: { fresh?: boolean }) {
    const database = await open(options);
    await createSupabaseRoles(database.query);
    await database.storage.migrations.up();
    await grantRoles(database.storage, { user: [], editor: ['orders:write'] });
    const editor = await insertPerson(database.storage, { roles: ['editor'] });
    return { ...database, event: { user_id: editor, claims: { app_metadata: { roles: ['admin'] } } } };
  }

  /** A connection in a transaction of its own, as Supabase Auth has one while it issues a token. */
  async function startLogin(test: TestContext, { config }: TestDatabase) {
    const client = await connect(config);
    test.after(() => client.end());
    const warnings: string[] = [];
    client.on('notice', ({ severity, message }) => warnings.push(`${severity}: ${message}`));
    await client.query('begin; set local role supabase_auth_admin; set local statement_timeout = 2000');
    return {
      client,
      warnings,
      async hook(event: object) {
        const { rows } = await client.query(HOOK, [JSON.stringify(event)]);
        return rows[0]?.answer;
      },
      /** Fails where the hook has left the transaction broken. */
      goOn: () => client.query('create temporary table issued (id int) on commit drop; commit'),
    };
  }

  /** Until the test lets go: what answers in the meantime has not waited for it. */
  async function hold(test: TestContext, { config }: TestDatabase, statement: string) {
    const client = await connect(config);
    test.after(() => client.end());
    await client.query(`begin; ${statement}`);
    return { client, letGo: () => client.query('commit') };
  }

  const lockTable = (table: string) => `lock table auth_service_data.${table} in access exclusive mode`;

  /** How long the functions wait for a lock, where a test has to happen within that time. */
  const waitForLocks = (time: string) => `
    alter function auth_service_data.get_user_rbac_claims(uuid) set lock_timeout = '${time}';
    alter function auth_service_data.custom_access_token_hook(jsonb) set lock_timeout = '${time}'`;

  async function untilItWaits({ query }: TestDatabase): Promise<unknown> {
    for (;;) {
      const [waiting] = await query(`
        select pid from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database() and query like '%access_token_hook%'`);
      if (waiting !== undefined) return waiting.pid;
      await sleep(5);
    }
  }

  it('answers with the rights as supabase_auth_admin, and warns of nothing', async (test) => {
    const database = await prepare();
    const login = await startLogin(test, database);
    assert.deepEqual(await login.hook(database.event), HELD);
    await login.goOn();
    assert.deepEqual(login.warnings, []);
  });

  for (const table of TABLES) {
    it(`does not wait for a lock on ${table}: no rights, a warning, and the login goes on`, async (test) => {
      const database = await prepare();
      const { letGo } = await hold(test, database, lockTable(table));
      const login = await startLogin(test, database);
      assert.deepEqual(await login.hook(database.event), NOTHING);
      await login.goOn();
      assert.deepEqual(login.warnings, [
        'WARNING: A token goes without roles and permissions: canceling statement due to lock timeout (55P03)',
      ]);
      await letGo();
    });
  }

  it('outlives the statement timeout', async (test) => {
    const database = await prepare({ fresh: true });
    await database.query(waitForLocks('1h'));
    const { letGo } = await hold(test, database, lockTable('profiles'));
    const login = await startLogin(test, database);
    await login.client.query('set local statement_timeout = 50');
    assert.deepEqual(await login.hook(database.event), NOTHING);
    await login.client.query('set local statement_timeout = 0');
    await login.goOn();
    assert.match(login.warnings.join(), /^WARNING: [^,]* due to statement timeout \(57014\)$/);
    await letGo();
  });

  it('outlives a cancelled statement', async (test) => {
    const database = await prepare({ fresh: true });
    await database.query(waitForLocks('1h'));
    const { letGo } = await hold(test, database, lockTable('permissions'));
    const login = await startLogin(test, database);
    await login.client.query('set local statement_timeout = 0');
    const answer = login.hook(database.event);
    await database.query('select pg_cancel_backend($1)', [await untilItWaits(database)]);
    assert.deepEqual(await answer, NOTHING);
    await login.goOn();
    assert.match(login.warnings.join(), /^WARNING: [^,]* due to user request \(57014\)$/);
    await letGo();
  });

  it('sees what was committed while it waited: a right taken away is gone', async (test) => {
    const database = await prepare({ fresh: true });
    await database.query(waitForLocks('1h'));
    const login = await startLogin(test, database);
    await login.client.query('set local statement_timeout = 0');
    const { client, letGo } = await hold(test, database, lockTable('user_roles'));
    await client.query('delete from auth_service_data.user_roles');
    const answer = login.hook(database.event);
    await untilItWaits(database);
    await letGo();
    assert.deepEqual(await answer, NOTHING);
    assert.deepEqual(login.warnings, []);
  });

  it('outlives tables it may not read, or that are gone', async (test) => {
    for (const fault of [
      'revoke all on auth_service_data.roles from auth_service_reader; revoke select (id, name) on auth_service_data.roles from auth_service_reader',
      'revoke usage on schema auth_service_data from auth_service_reader',
      'alter function auth_service_data.get_user_rbac_claims(uuid) rename to another',
    ]) {
      const database = await prepare({ fresh: true });
      await database.query(fault);
      const login = await startLogin(test, database);
      assert.deepEqual(await login.hook(database.event), NOTHING, fault);
      await login.goOn();
      assert.equal(login.warnings.length, 1, fault);
    }
  });

  it('warns of an event without a user or with a malformed one', async (test) => {
    const database = await prepare();
    const login = await startLogin(test, database);
    for (const event of [{}, { user_id: null }, { user_id: 'x' }]) {
      login.warnings.length = 0;
      assert.deepEqual(await login.hook(event), NOTHING);
      assert.match(login.warnings.join(), /^WARNING: A token goes without/);
    }
    await login.goOn();
  });

  it('cannot lose a column that the claims are read from', async () => {
    const { query } = await prepare({ fresh: true });
    await assert.rejects(query('alter table auth_service_data.profiles drop column is_active'), /depend/);
  });

  it('takes no type or table of the caller’s for its own', async (test) => {
    const database = await prepare();
    const login = await startLogin(test, database);
    await login.client.query(`
      reset role;
      create domain pg_temp.uuid as text; create domain pg_temp.jsonb as text check (false);
      create temporary table profiles (user_id text, is_active boolean);
      create temporary table roles (id text, name text);
      set local search_path = pg_temp, pg_catalog;
      grant all on profiles, roles to public;
      set local role supabase_auth_admin`);
    assert.deepEqual(await login.hook(database.event), HELD);
    assert.deepEqual(login.warnings, []);
  });
});
