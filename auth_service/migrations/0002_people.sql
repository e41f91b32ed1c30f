-- compatible_from: 0001
-- People: profiles and their roles; the embedded identity server's accounts and sessions in a schema of their own.

create table auth_service_data.profiles (
  user_id uuid primary key,
  email text not null,
  username text,
  first_name text,
  last_name text,
  is_active boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint profiles_username_length check (length(username) between 1 and 50),
  constraint profiles_first_name_length check (length(first_name) <= 100),
  constraint profiles_last_name_length check (length(last_name) <= 100)
);
-- A username is one person's in whatever case it is written.
create unique index profiles_username_key on auth_service_data.profiles (lower(username));

create table auth_service_data.user_roles (
  user_id uuid not null references auth_service_data.profiles (user_id) on delete cascade,
  role_id uuid not null references auth_service_data.roles (id) on delete cascade,
  assigned_at timestamptz not null,
  primary key (user_id, role_id)
);
create index user_roles_role_id on auth_service_data.user_roles (role_id);

do $$
begin
  if to_regnamespace('auth_service_identity') is null then
    create schema auth_service_identity;
  end if;
end
$$;

create table auth_service_identity.users (
  id uuid primary key,
  -- In lower case: that is how it is found.
  email text collate "C" not null,
  password_hash text,
  -- When the account may be used; where accounts confirm themselves, nobody has proved anything by then.
  email_confirmed_at timestamptz,
  -- When its holder proved to read mail sent there, or the operator vouched for it.
  email_proved_at timestamptz,
  last_sign_in_at timestamptz,
  banned_until timestamptz,
  app_metadata jsonb not null,
  user_metadata jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint users_email_key unique (email),
  constraint users_email_lower_case check (email = lower(email)),
  constraint users_email_length check (length(email) <= 254)
);

create table auth_service_identity.identities (
  id uuid primary key,
  user_id uuid not null references auth_service_identity.users (id) on delete cascade,
  provider text not null,
  provider_id text not null,
  identity_data jsonb not null,
  email text,
  last_sign_in_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint identities_provider_key unique (provider, provider_id)
);
create index identities_user_id on auth_service_identity.identities (user_id);

create table auth_service_identity.sessions (
  id uuid primary key,
  user_id uuid not null references auth_service_identity.users (id) on delete cascade,
  aal text not null,
  amr jsonb not null,
  -- The session's refresh tokens are this counter, signed with this key.
  sealed_refresh_key text not null,
  refresh_counter bigint not null,
  refreshed_at timestamptz,
  ip text,
  user_agent text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint sessions_aal_known check (aal in ('aal1', 'aal2', 'aal3')),
  constraint sessions_user_agent_length check (length(user_agent) <= 500)
);
create index sessions_user_id on auth_service_identity.sessions (user_id, created_at desc);

-- What signs for machines never signs for people.
create table auth_service_identity.signing_keys (
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
  constraint signing_keys_one_active exclude using btree (state with =) where (state = 'active')
    deferrable initially deferred
);

alter table auth_service_data.profiles enable row level security;
alter table auth_service_data.user_roles enable row level security;
alter table auth_service_identity.users enable row level security;
alter table auth_service_identity.identities enable row level security;
alter table auth_service_identity.sessions enable row level security;
alter table auth_service_identity.signing_keys enable row level security;

do $$
declare
  stranger text;
begin
  revoke all on schema auth_service_identity from public;
  revoke all on all tables in schema auth_service_identity from public;
  revoke all on all tables in schema auth_service_data from public;
  for stranger in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on schema auth_service_identity from %I', stranger);
    execute format('revoke all on all tables in schema auth_service_identity from %I', stranger);
    execute format('revoke all on all tables in schema auth_service_data from %I', stranger);
  end loop;
end
$$;
