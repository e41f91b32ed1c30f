-- compatible_from: 0001
-- Accounts that Supabase keeps: what is known of them here, and the end of all log-ins of a person whose log-ins nobody
-- could list.

-- As it was when the account was last looked at or changed from here; null where accounts are our own.
alter table auth_service_data.profiles
  add column account_confirmed_at timestamptz,
  add column account_banned_until timestamptz,
  add column account_last_sign_in_at timestamptz,
  -- When Supabase changed it last: what was seen earlier, and arrives later, is not written over it.
  add column account_updated_at timestamptz,
  -- When it was found to be there no more; nobody can log in with it, so it counts for no administrator.
  add column account_gone_at timestamptz,
  -- When somebody who may not vouch for an address chose the address or the password: it proves nothing since.
  add column account_handed_over_at timestamptz;

-- user: all log-ins of one person that began until then, but for the one that is spared.
alter table auth_service_data.revocations
  add column spared text,
  drop constraint revocations_kind_known,
  add constraint revocations_kind_known check (kind in ('token', 'session', 'client', 'user', 'all')),
  add constraint revocations_spared_of_user check (spared is null or kind = 'user'),
  add constraint revocations_spared_length check (length(spared) <= 256);
