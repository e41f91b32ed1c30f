import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { asRole, callHook, claimsOf, createSupabaseRoles } from './supabase.ts';

type Query = RawConnection['query'];

const CLAIMS = 'function get_user_rbac_claims(uuid)';
const HOOK = 'function custom_access_token_hook(jsonb)';
const AUTHORIZE = 'function authorize(text)';

/** All that is granted in our schemas to others than the owner of the tables, and to PUBLIC. */
async function listGrants(query: Query): Promise<string[]> {
  const rows = await query(`
    with ours as (select oid from pg_namespace where nspname in ('auth_service_data', 'auth_service_identity')),
    acls as (
      select 'schema ' || nspname as thing, nspacl as acl from pg_namespace where oid in (select oid from ours)
      union all
      select relkind::text || ' ' || relname, coalesce(relacl, acldefault('r', relowner)) from pg_class
        where relnamespace in (select oid from ours)
      union all
      select 'column ' || relname || '.' || attname, attacl from pg_attribute
        join pg_class on pg_class.oid = attrelid where relnamespace in (select oid from ours)
      union all
      select 'function ' || proname || '(' || pg_get_function_identity_arguments(pg_proc.oid) || ')',
          coalesce(proacl, acldefault('f', proowner))
        from pg_proc where pronamespace in (select oid from ours)
      union all
      select 'default', defaclacl from pg_default_acl
    )
    select coalesce(rolname, 'PUBLIC') || ': ' || lower(privilege_type)
        || case when is_grantable then ' (grantable)' else '' end
        || ' on ' || regexp_replace(thing, '(p_user_id|event|permission) ', '') as granted
      from acls cross join aclexplode(acl) left join pg_roles on pg_roles.oid = grantee
      where rolname is distinct from 'postgres'`);
  return rows.map(({ granted }) => String(granted)).sort();
}

/** By whatever way: grants, PUBLIC, memberships, ownership. */
async function listRights(query: Query, role: string): Promise<string[]> {
  const rows = await query(
    `
    with ours as (
      select oid, nspname from pg_namespace where nspname in ('auth_service_data', 'auth_service_identity')
    ), tables as (
      select relname, pg_class.oid from pg_class join ours on ours.oid = relnamespace where relkind in ('r', 'p', 'v', 'm', 'f')
    )
    select privilege || ' on ' || nspname as held from ours, unnest(array['USAGE', 'CREATE']) privilege
      where has_schema_privilege($1, oid, privilege)
    union all
    select privilege || ' on ' || relname from tables, unnest(array[
        'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
      where has_table_privilege($1, oid, privilege)
    union all
    select privilege || ' on columns of ' || relname
      from tables, unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) privilege
      where has_any_column_privilege($1, oid, privilege)
    union all
    select 'EXECUTE on ' || proname from pg_proc join ours on ours.oid = pronamespace
      where has_function_privilege($1, pg_proc.oid, 'EXECUTE')
    union all
    select 'POLICY on ' || tablename from pg_policies where $1 = any (roles) or 'public' = any (roles)
`,
    [role],
  );
  return rows.map(({ held }) => String(held)).sort();
}

describeOnEachDatabase('rights in a database shared with Supabase', (open) => {
  let prepared: Promise<TestDatabase> | undefined;

  function prepare(): Promise<TestDatabase> {
    prepared ??= migrateWithSupabase();
    return prepared;
  }

  async function migrateWithSupabase() {
    const database = await open({ migrated: false });
    await createSupabaseRoles(database.query);
    // As some projects of Supabase have it.
    await database.query(
      'alter default privileges grant execute on functions to anon, authenticated, service_role',
    );
    await database.storage.migrations.up();
    await database.query(
      'alter default privileges revoke execute on functions from anon, authenticated, service_role',
    );
    return database;
  }

  it('are these, and no others', async () => {
    const { query, logger } = await prepare();
    assert.deepEqual(await listGrants(query), [
      `anon: execute on ${AUTHORIZE}`,
      'anon: usage on schema auth_service_data',
      `auth_service_reader: execute on ${HOOK}`,
      `auth_service_reader: execute on ${CLAIMS}`,
      'auth_service_reader: select on column permissions.id',
      'auth_service_reader: select on column permissions.name',
      'auth_service_reader: select on column profiles.is_active',
      'auth_service_reader: select on column profiles.user_id',
      'auth_service_reader: select on column role_permissions.permission_id',
      'auth_service_reader: select on column role_permissions.role_id',
      'auth_service_reader: select on column roles.id',
      'auth_service_reader: select on column roles.name',
      'auth_service_reader: select on column user_roles.role_id',
      'auth_service_reader: select on column user_roles.user_id',
      'auth_service_reader: usage on schema auth_service_data',
      `authenticated: execute on ${AUTHORIZE}`,
      'authenticated: usage on schema auth_service_data',
      `supabase_auth_admin: execute on ${HOOK}`,
      `supabase_auth_admin: execute on ${CLAIMS}`,
      'supabase_auth_admin: usage on schema auth_service_data',
    ]);
    assert.deepEqual(logger.lines, []);
  });

  it('let anon and authenticated ask authorize, and do nothing else whatever', async () => {
    const { query } = await prepare();
    for (const role of ['anon', 'authenticated']) {
      assert.deepEqual(await listRights(query, role), ['EXECUTE on authorize', 'USAGE on auth_service_data']);
    }
    assert.deepEqual(await listRights(query, 'service_role'), []);
    assert.deepEqual(await listRights(query, 'supabase_auth_admin'), [
      'EXECUTE on custom_access_token_hook',
      'EXECUTE on get_user_rbac_claims',
      'USAGE on auth_service_data',
    ]);
  });

  it('are refused by name to whoever tries', async () => {
    const { query } = await prepare();
    const attempts = [
      () => claimsOf(query, crypto.randomUUID()),
      () => callHook(query, {}),
      () => query('select auth_service_data.arrange_function_rights()'),
      () => query('select auth_service_data.hand_over_claims_functions()'),
      () => query('select name from auth_service_data.roles'),
      () => query('select user_id from auth_service_data.profiles'),
      () => query('create table auth_service_data.mine (id int)'),
    ];
    for (const role of ['anon', 'authenticated', 'service_role']) {
      for (const attempt of attempts) {
        await assert.rejects(asRole(query, role, attempt), /permission denied/, `${role}: ${attempt}`);
      }
    }
    for (const attempt of attempts.slice(2)) {
      await assert.rejects(asRole(query, 'supabase_auth_admin', attempt), /permission denied/, `${attempt}`);
    }
  });

  it('make the functions run as a role that may read what they read, and nothing else', async () => {
    const { query } = await prepare();
    const functions = await query(`
      select proname, prosecdef, provolatile, proconfig, pg_get_userbyid(proowner) as owner from pg_proc
      where pronamespace = 'auth_service_data'::regnamespace
        and proname in ('authorize', 'custom_access_token_hook', 'get_user_rbac_claims') order by proname`);
    const definer = { prosecdef: true, provolatile: 'v', owner: 'auth_service_reader' };
    const proconfig = ['search_path=""', 'lock_timeout=250ms'];
    assert.deepEqual(functions, [
      {
        proname: 'authorize',
        prosecdef: false,
        provolatile: 's',
        proconfig: ['search_path=""'],
        owner: 'postgres',
      },
      { proname: 'custom_access_token_hook', ...definer, proconfig },
      { proname: 'get_user_rbac_claims', ...definer, proconfig },
    ]);
    const [reader] = await query(`
      select rolsuper, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
        exists (select from pg_auth_members where member = pg_roles.oid) as is_member
      from pg_roles where rolname = 'auth_service_reader'`);
    assert.deepEqual(
      Object.values(reader ?? {}).filter((may) => may !== false),
      [],
    );
    const readable = ['permissions', 'profiles', 'role_permissions', 'roles', 'user_roles'];
    assert.deepEqual(await listRights(query, 'auth_service_reader'), [
      'EXECUTE on custom_access_token_hook',
      'EXECUTE on get_user_rbac_claims',
      ...readable.map((table) => `POLICY on ${table}`),
      ...readable.map((table) => `SELECT on columns of ${table}`),
      'USAGE on auth_service_data',
    ]);
    for (const forbidden of [
      'select email from auth_service_data.profiles',
      'select * from auth_service_data.roles',
      'select from auth_service_data.app_client_secrets',
      'select from auth_service_identity.users',
      'delete from auth_service_data.user_roles',
      'update auth_service_data.profiles set is_active = true',
      'create function auth_service_data.mine() returns int language sql return 1',
    ]) {
      const attempt = asRole(query, 'auth_service_reader', () => query(forbidden));
      await assert.rejects(attempt, /permission denied/, forbidden);
    }
  });

  it('reach roles that appear later with the next migrate up', async () => {
    const { query, storage, logger, backend } = await open({ migrated: false });
    await storage.migrations.up();
    // Elsewhere in this server they may be there already; what a newcomer has is nothing.
    await createSupabaseRoles(query);
    await query(`
      revoke all on schema auth_service_data from anon, authenticated, supabase_auth_admin;
      revoke all on all functions in schema auth_service_data from anon, authenticated, supabase_auth_admin`);
    assert.deepEqual(await listRights(query, 'anon'), []);
    assert.deepEqual((await storage.migrations.up()).applied, []);
    for (const role of ['anon', 'authenticated']) assert.equal((await listRights(query, role)).length, 2);
    assert.equal((await listRights(query, 'supabase_auth_admin')).length, 3);
    const grants = await listGrants(query);
    await storage.migrations.up();
    assert.deepEqual(await listGrants(query), grants);
    assert.deepEqual(logger.lines, [], backend);
  });
});
