-- compatible_from: 0001
-- For a database shared with Supabase: what its tokens carry, and the question that row level security asks of them.

-- What is bound below is PostgreSQL's own, whatever this session puts before it.
set local search_path = '';

-- Parsed here and now, so that a later migration cannot take away a column that this needs, which nobody would notice:
-- the hook answers with nothing then. Volatile, as is the hook, so that what was committed while it waited for a lock counts.
create function auth_service_data.get_user_rbac_claims(p_user_id uuid) returns jsonb
language sql volatile security definer
set search_path = ''
set lock_timeout = '250ms'
begin atomic
  with held as (
    select assigned.role_id as id
      from auth_service_data.user_roles assigned
      join auth_service_data.profiles profile on profile.user_id = assigned.user_id
      where assigned.user_id = p_user_id and profile.is_active
    union all
    -- Born elsewhere, and not seen here yet.
    select fallback.id
      from auth_service_data.roles fallback
      where fallback.name = 'user' and p_user_id is not null
        and not exists (select from auth_service_data.profiles profile where profile.user_id = p_user_id)
  )
  select jsonb_build_object(
    'roles', (
      select coalesce(jsonb_agg(role.name order by role.name), '[]')
        from held
        join auth_service_data.roles role on role.id = held.id
    ),
    'permissions', (
      select coalesce(jsonb_agg(distinct permission.name order by permission.name), '[]')
        from held
        join auth_service_data.role_permissions granted on granted.role_id = held.id
        join auth_service_data.permissions permission on permission.id = granted.permission_id
    )
  );
end;

-- Supabase Auth calls it for each token it issues. Whatever goes wrong, the login goes on, and what app_metadata said of
-- roles and permissions before does not get through. In plpgsql type names are qualified too: an empty search_path finds
-- those of pg_temp first.
create function auth_service_data.custom_access_token_hook(event jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '250ms'
as $hook$
declare
  claims pg_catalog.jsonb := '{}';
  metadata pg_catalog.jsonb := '{}';
  held pg_catalog.jsonb := '{"roles": [], "permissions": []}';
begin
  if pg_catalog.jsonb_typeof(event -> 'claims') = 'object' then
    claims := event -> 'claims';
  end if;
  if pg_catalog.jsonb_typeof(claims -> 'app_metadata') = 'object' then
    metadata := claims -> 'app_metadata';
  end if;
  begin
    if event ->> 'user_id' is null then
      raise exception 'the event names no user';
    end if;
    held := auth_service_data.get_user_rbac_claims((event ->> 'user_id')::pg_catalog.uuid);
  -- `others` leaves out the cancelled statement, and Supabase Auth cancels after two seconds.
  exception when query_canceled or others then
    raise warning 'A token goes without roles and permissions: % (%)', sqlerrm, sqlstate;
  end;
  return pg_catalog.jsonb_build_object(
    'claims', claims || pg_catalog.jsonb_build_object('app_metadata', metadata || held)
  );
end
$hook$;

-- For policies, there best as `(select auth_service_data.authorize('orders:read'))`: once for a statement, not for each row.
create function auth_service_data.authorize(permission text) returns boolean
language plpgsql stable security invoker
set search_path = ''
as $authorize$
declare
  held pg_catalog.jsonb;
begin
  held := nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb
    -> 'app_metadata' -> 'permissions';
  return coalesce(pg_catalog.jsonb_typeof(held) = 'array' and held ? permission, false);
-- Claims that are no JSON.
exception when others then
  return false;
end
$authorize$;

-- Gives the functions that run with their owner's rights to `auth_service_reader`, which may read what they read and do
-- nothing else. A role that does not own them can go on granting them, and that is all it keeps of it.
create function auth_service_data.hand_over_claims_functions() returns void
language plpgsql security invoker
set search_path = ''
as $hand_over$
declare
  tables_owner name := (
    select pg_get_userbyid(relowner) from pg_class where oid = 'auth_service_data.roles'::regclass
  );
  role_before text := current_setting('role');
  -- PostgreSQL 16 tells membership from the right to act as the role.
  to_act_as text := case when current_setting('server_version_num')::int < 160000 then 'MEMBER' else 'SET' end;
  is_member boolean;
  readable name;
begin
  begin
    if not exists (select from pg_roles where rolname = 'auth_service_reader') then
      create role auth_service_reader nologin noinherit;
    end if;
  exception when duplicate_object or unique_violation then
    -- Roles are the whole server's: another of its databases made it a moment ago.
  end;
  if exists (
    select from pg_roles
    where rolname = 'auth_service_reader'
      and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
  ) then
    raise exception 'the role auth_service_reader may do more than read';
  end if;

  grant usage on schema auth_service_data to auth_service_reader;
  grant select (user_id, is_active) on auth_service_data.profiles to auth_service_reader;
  grant select (user_id, role_id) on auth_service_data.user_roles to auth_service_reader;
  grant select (id, name) on auth_service_data.roles, auth_service_data.permissions to auth_service_reader;
  grant select (role_id, permission_id) on auth_service_data.role_permissions to auth_service_reader;
  foreach readable in array array['profiles', 'user_roles', 'roles', 'role_permissions', 'permissions'] loop
    if not exists (
      select from pg_policies
      where schemaname = 'auth_service_data' and tablename = readable and policyname = 'read_for_claims'
    ) then
      execute format(
        'create policy read_for_claims on auth_service_data.%I for select to auth_service_reader using (true)',
        readable
      );
    end if;
  end loop;

  -- Only who could act as the new owner may give it something, and only where that owner could make it.
  is_member := pg_has_role(current_user, 'auth_service_reader', to_act_as);
  if not is_member then
    grant auth_service_reader to current_user;
  end if;
  grant create on schema auth_service_data to auth_service_reader;
  alter function auth_service_data.get_user_rbac_claims(uuid) owner to auth_service_reader;
  alter function auth_service_data.custom_access_token_hook(jsonb) owner to auth_service_reader;
  revoke create on schema auth_service_data from auth_service_reader;
  set local role auth_service_reader;
  execute format(
    'grant execute on function auth_service_data.get_user_rbac_claims(uuid),
      auth_service_data.custom_access_token_hook(jsonb) to %I with grant option',
    tables_owner
  );
  perform set_config('role', role_before, true);
  if not is_member then
    revoke auth_service_reader from current_user;
  end if;
end
$hand_over$;

-- Called after each `migrate up`, since the roles of the server come and go without us. Says what could not be done.
create function auth_service_data.arrange_function_rights() returns setof text
language plpgsql security invoker
set search_path = ''
as $arrange$
declare
  wanted record;
begin
  perform pg_advisory_xact_lock(hashtextextended('auth_service_data.function_rights', 0));

  if exists (
    select from pg_proc
    where oid in (
        'auth_service_data.get_user_rbac_claims(uuid)'::regprocedure,
        'auth_service_data.custom_access_token_hook(jsonb)'::regprocedure
      )
      and pg_get_userbyid(proowner) <> 'auth_service_reader'
  ) then
    begin
      perform auth_service_data.hand_over_claims_functions();
    exception when others then
      return next format(
        'The functions of the access token hook run as a role that may do more than read, since %I could not give them to '
          'auth_service_reader: %s. An administrator can make that role (nologin) and grant it to %I, which has to own the '
          'schema auth_service_data; then migrate up once more.',
        current_user, sqlerrm, current_user
      );
    end;
  end if;

  for wanted in
    select role.rolname as grantee, callable.signature
      from (values
        ('supabase_auth_admin', 'auth_service_data.get_user_rbac_claims(uuid)'),
        ('supabase_auth_admin', 'auth_service_data.custom_access_token_hook(jsonb)'),
        ('anon', 'auth_service_data.authorize(text)'),
        ('authenticated', 'auth_service_data.authorize(text)')
      ) callable (grantee, signature)
      join pg_roles role on role.rolname = callable.grantee
  loop
    begin
      execute format('grant usage on schema auth_service_data to %I', wanted.grantee);
      execute format('grant execute on function %s to %I', wanted.signature, wanted.grantee);
    exception when insufficient_privilege then
      -- Told below, as is what PostgreSQL refuses with no more than a warning.
    end;
    if not has_schema_privilege(wanted.grantee, 'auth_service_data', 'usage')
      or not has_function_privilege(wanted.grantee, wanted.signature, 'execute')
    then
      return next format(
        '%I may not call %s. As the owner of the schema auth_service_data grant it usage on the schema, and execute on '
          'the function.',
        wanted.grantee, wanted.signature
      );
    end if;
  end loop;
end
$arrange$;

-- Also from those to whom the database grants new functions by default.
do $$
declare
  stranger name;
begin
  revoke all on all functions in schema auth_service_data from public;
  for stranger in
    select distinct role.rolname
      from pg_proc routine
      cross join aclexplode(routine.proacl) granted
      join pg_roles role on role.oid = granted.grantee
      where routine.pronamespace = 'auth_service_data'::regnamespace and granted.grantee <> routine.proowner
  loop
    execute format('revoke all on all functions in schema auth_service_data from %I', stranger);
  end loop;
end
$$;
