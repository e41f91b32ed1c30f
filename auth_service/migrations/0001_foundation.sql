-- compatible_from: 0001
-- Machines, their roles and permissions, signing keys and the audit trail.
-- PostgreSQL 15 or newer. Every table is hidden from Supabase's REST layer: row level security without a policy, and
-- nothing granted. The tables' owner, as which the service connects, is not bound by either.

-- An administrator may have made the schema for a role that cannot.
do $$
begin
  if to_regnamespace('auth_service_data') is null then
    create schema auth_service_data;
  end if;
end
$$;

create table auth_service_data.schema_migrations (
  version integer primary key,
  name text not null,
  checksum text not null,
  compatible_from integer not null,
  applied_at timestamptz not null
);

create table auth_service_data.permissions (
  id uuid primary key,
  name text collate "C" not null,
  description text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint permissions_name_key unique (name),
  constraint permissions_name_format check (name ~ '^[a-z][a-z0-9_.-]{0,63}:[a-z][a-z0-9_.-]{0,63}$'),
  constraint permissions_description_length check (length(description) <= 500)
);

create table auth_service_data.roles (
  id uuid primary key,
  name text collate "C" not null,
  description text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint roles_name_key unique (name),
  constraint roles_name_format check (name ~ '^[a-z][a-z0-9_.-]{0,63}$'),
  constraint roles_description_length check (length(description) <= 500)
);

create table auth_service_data.role_permissions (
  role_id uuid not null references auth_service_data.roles (id) on delete cascade,
  permission_id uuid not null references auth_service_data.permissions (id) on delete cascade,
  assigned_at timestamptz not null,
  primary key (role_id, permission_id)
);
create index role_permissions_permission_id on auth_service_data.role_permissions (permission_id);

create table auth_service_data.app_clients (
  id uuid primary key,
  client_name text not null,
  description text,
  is_active boolean not null,
  allowed_callback_urls text[] not null,
  allowed_resources text[] not null,
  token_endpoint_auth_method text,
  token_lifetime_seconds integer,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint app_clients_name_length check (length(client_name) between 3 and 100),
  constraint app_clients_description_length check (length(description) <= 500),
  constraint app_clients_auth_method_length check (length(token_endpoint_auth_method) <= 50),
  constraint app_clients_token_lifetime_range check (token_lifetime_seconds between 1 and 86400)
);
create index app_clients_created_at on auth_service_data.app_clients (created_at desc, id desc);

create table auth_service_data.app_client_secrets (
  id uuid primary key,
  client_id uuid not null references auth_service_data.app_clients (id) on delete cascade,
  algorithm text not null,
  hash text not null,
  hint text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  constraint app_client_secrets_algorithm_known check (algorithm in ('sha256', 'bcrypt')),
  constraint app_client_secrets_hash_length check (length(hash) between 43 and 60),
  constraint app_client_secrets_hint_length check (length(hint) <= 10)
);
create index app_client_secrets_client_id on auth_service_data.app_client_secrets (client_id);

create table auth_service_data.app_client_roles (
  client_id uuid not null references auth_service_data.app_clients (id) on delete cascade,
  role_id uuid not null references auth_service_data.roles (id) on delete cascade,
  assigned_at timestamptz not null,
  primary key (client_id, role_id)
);
create index app_client_roles_role_id on auth_service_data.app_client_roles (role_id);

create table auth_service_data.signing_keys (
  kid text primary key,
  algorithm text not null,
  state text not null,
  public_jwk jsonb not null,
  sealed_private_key text not null,
  created_at timestamptz not null,
  activated_at timestamptz,
  retired_at timestamptz,
  expires_at timestamptz,
  constraint signing_keys_algorithm_known check (algorithm in ('ES256', 'EdDSA', 'RS256')),
  constraint signing_keys_state_known check (state in ('next', 'active', 'retired')),
  -- Looked at when a transaction ends, so that a rotation may touch its keys in any order.
  constraint signing_keys_one_active exclude using btree (state with =) where (state = 'active')
    deferrable initially deferred
);

create table auth_service_data.audit_events (
  id uuid not null,
  occurred_at timestamptz not null,
  action text not null,
  outcome text not null,
  actor_type text not null,
  actor_id text,
  subject_type text,
  subject_id text,
  request_id text,
  client_ip text,
  detail jsonb not null,
  primary key (id, occurred_at),
  constraint audit_events_outcome_known check (outcome in ('success', 'failure')),
  constraint audit_events_actor_type_known check (actor_type in ('user', 'client', 'system', 'anonymous'))
) partition by range (occurred_at);
create index audit_events_occurred_at on auth_service_data.audit_events (occurred_at desc, id desc);
create index audit_events_actor on auth_service_data.audit_events (actor_id, occurred_at desc);
create index audit_events_subject on auth_service_data.audit_events (subject_id, occurred_at desc);
create index audit_events_action on auth_service_data.audit_events (action, occurred_at desc);
-- The net for a month whose partition is missing; its rows move out when that partition is made.
create table auth_service_data.audit_events_default partition of auth_service_data.audit_events default;

create table auth_service_data.bootstrap_marks (
  name text primary key,
  at timestamptz not null
);

alter table auth_service_data.schema_migrations enable row level security;
alter table auth_service_data.permissions enable row level security;
alter table auth_service_data.roles enable row level security;
alter table auth_service_data.role_permissions enable row level security;
alter table auth_service_data.app_clients enable row level security;
alter table auth_service_data.app_client_secrets enable row level security;
alter table auth_service_data.app_client_roles enable row level security;
alter table auth_service_data.signing_keys enable row level security;
alter table auth_service_data.audit_events enable row level security;
alter table auth_service_data.audit_events_default enable row level security;
alter table auth_service_data.bootstrap_marks enable row level security;

do $$
declare
  stranger text;
begin
  revoke all on schema auth_service_data from public;
  revoke all on all tables in schema auth_service_data from public;
  for stranger in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on schema auth_service_data from %I', stranger);
    execute format('revoke all on all tables in schema auth_service_data from %I', stranger);
  end loop;
end
$$;
