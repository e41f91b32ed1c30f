-- compatible_from: 0001
-- What the admin API needs: clients with keys and refresh tokens of their own, a number that tells when rights changed,
-- and indexes for searching among very many.

alter table auth_service_data.app_clients
  add column refresh_tokens boolean not null default false,
  add column jwks jsonb,
  add column jwks_uri text,
  add constraint app_clients_one_source_of_keys check (jwks is null or jwks_uri is null),
  add constraint app_clients_jwks_uri_length check (length(jwks_uri) <= 2000);

-- One row for each family of refresh tokens, whatever their number: only the newest token of a family is good, and any
-- older one ends it.
create table auth_service_data.app_client_refresh_tokens (
  id uuid primary key,
  client_id uuid not null references auth_service_data.app_clients (id) on delete cascade,
  token_hash text not null,
  -- Null: nothing was asked for, so that the tokens carry what the client holds when they are made.
  scope text[],
  resources text[] not null,
  created_at timestamptz not null,
  refreshed_at timestamptz,
  expires_at timestamptz not null,
  constraint app_client_refresh_tokens_hash_length check (length(token_hash) = 43)
);
create index app_client_refresh_tokens_client_id on auth_service_data.app_client_refresh_tokens (client_id);
create index app_client_refresh_tokens_expires_at on auth_service_data.app_client_refresh_tokens (expires_at);

-- Assertions that were used (RFC 7523 §3), until they expire.
create table auth_service_data.app_client_assertions (
  client_id uuid not null references auth_service_data.app_clients (id) on delete cascade,
  jti_hash text not null,
  expires_at timestamptz not null,
  primary key (client_id, jti_hash),
  constraint app_client_assertions_hash_length check (length(jti_hash) = 43)
);
create index app_client_assertions_expires_at on auth_service_data.app_client_assertions (expires_at);

-- Moves on in the transaction of whatever changes what a client holds. Its one row is locked until that ends, so the
-- numbers become visible in their order: who has seen one has seen every change before it.
create table auth_service_data.rights_revision (
  single boolean primary key default true,
  value bigint not null,
  constraint rights_revision_single check (single)
);
insert into auth_service_data.rights_revision (value) values (0);

create function auth_service_data.advance_rights_revision() returns trigger
language plpgsql
set search_path = ''
as $advance$
begin
  update auth_service_data.rights_revision set value = value operator(pg_catalog.+) 1;
  return null;
end
$advance$;

-- By trigger, so that a change by hand counts as well. What nobody can hold yet (a new role, a new client) changes nothing,
-- and neither does when a secret was last used.
create trigger advance_rights_revision after update of name or delete on auth_service_data.roles
  for each statement execute function auth_service_data.advance_rights_revision();
create trigger advance_rights_revision after update of name or delete on auth_service_data.permissions
  for each statement execute function auth_service_data.advance_rights_revision();
create trigger advance_rights_revision after insert or update or delete on auth_service_data.role_permissions
  for each statement execute function auth_service_data.advance_rights_revision();
create trigger advance_rights_revision after insert or update or delete on auth_service_data.app_client_roles
  for each statement execute function auth_service_data.advance_rights_revision();
create trigger advance_rights_revision after update or delete on auth_service_data.app_clients
  for each statement execute function auth_service_data.advance_rights_revision();
create trigger advance_rights_revision after insert or update of hash, expires_at or delete on auth_service_data.app_client_secrets
  for each statement execute function auth_service_data.advance_rights_revision();

-- For lists in each order there is.
create index profiles_created_at on auth_service_data.profiles (created_at desc, user_id desc);
create index profiles_email on auth_service_data.profiles (email, user_id);
create index app_clients_name on auth_service_data.app_clients (client_name, id);
-- For texts too short to have a trigram: among people they are looked for at the beginning.
create index profiles_email_beginning on auth_service_data.profiles (lower(email) text_pattern_ops);
create index profiles_username_beginning on auth_service_data.profiles (lower(username) text_pattern_ops);

-- For texts anywhere in a name. Where the extension cannot be had, searching reads every row, which is right but slow.
do $$
declare
  home name;
begin
  select nspname into home from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm';
  if home is null then
    -- Supabase keeps extensions in a schema of their own.
    select nspname into home from pg_namespace
      where nspname in ('extensions', 'public', 'auth_service_data') and has_schema_privilege(oid, 'create')
      order by array_position(array['extensions', 'public', 'auth_service_data'], nspname::text)
      limit 1;
    execute format('create extension pg_trgm with schema %I', home);
  end if;
  execute format(
    'create index profiles_search on auth_service_data.profiles using gin '
    '(email %1$I.gin_trgm_ops, username %1$I.gin_trgm_ops, first_name %1$I.gin_trgm_ops, last_name %1$I.gin_trgm_ops)',
    home);
  execute format(
    'create index app_clients_search on auth_service_data.app_clients using gin '
    '(client_name %1$I.gin_trgm_ops, description %1$I.gin_trgm_ops)',
    home);
exception
  when insufficient_privilege or undefined_file or undefined_object or feature_not_supported then
    raise warning 'Searching users and clients will be slow among very many: %', sqlerrm
      using hint = 'Have an administrator run "create extension pg_trgm", then see docs/operations.md.';
end
$$;

alter table auth_service_data.app_client_refresh_tokens enable row level security;
alter table auth_service_data.app_client_assertions enable row level security;
alter table auth_service_data.rights_revision enable row level security;

do $$
declare
  stranger text;
begin
  revoke all on all tables in schema auth_service_data from public;
  revoke all on function auth_service_data.advance_rights_revision() from public;
  for stranger in select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role') loop
    execute format('revoke all on all tables in schema auth_service_data from %I', stranger);
    execute format('revoke all on function auth_service_data.advance_rights_revision() from %I', stranger);
  end loop;
end
$$;
