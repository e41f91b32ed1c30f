-- compatible_from: 0001
-- Replicas that agree. What was revoked before its time: the truth that every process holds a copy of in its memory.

create table auth_service_data.revocations (
  id uuid primary key,
  -- token: one, by its jti. session: all tokens of one log-in. client: all that were issued to it until then. all: every
  -- token there is until then.
  kind text not null,
  subject text,
  revoked_at timestamptz not null,
  -- From then on every token that it is about has expired; null: for as long as the row stands.
  expires_at timestamptz,
  -- Rows become visible in the order of commits, which no sequence follows. Whoever has read below the oldest transaction
  -- that was still open has missed nothing, and begins there the next time.
  xid xid8 not null default pg_current_xact_id(),
  constraint revocations_kind_known check (kind in ('token', 'session', 'client', 'all')),
  constraint revocations_subject_given check ((kind = 'all') = (subject is null)),
  constraint revocations_subject_length check (length(subject) <= 256)
);
create index revocations_xid on auth_service_data.revocations (xid);
create index revocations_expires_at on auth_service_data.revocations (expires_at);
create index revocations_subject on auth_service_data.revocations (subject);

alter table auth_service_data.revocations enable row level security;

-- A limit of its own, such as 600/minute, or off; null: as the service is set.
alter table auth_service_data.app_clients add column rate_limit text;
alter table auth_service_data.app_clients add constraint app_clients_rate_limit_form
  check (rate_limit ~ '^(off|[1-9][0-9]{0,6}/(second|minute|hour|day))$');

do $$
declare
  stranger text;
begin
  revoke all on auth_service_data.revocations from public;
  for stranger in select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role') loop
    execute format('revoke all on auth_service_data.revocations from %I', stranger);
  end loop;
end
$$;
