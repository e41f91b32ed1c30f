/** The rows of people: two tables of `auth_service_data`, and those of `auth_service_identity`. */
import type { ColumnType } from 'kysely';
import type { AuthenticationMethod, Session } from './person-records.ts';
import type { SigningKeysTable } from './tables.ts';

type Json<T> = ColumnType<T, string, string>;
/** pg and PGlite give a bigint as text or as a number; a refresh counter is far below 2^53. */
type Counter = ColumnType<string | number, number, number>;

export interface ProfilesTable {
  user_id: string;
  email: string;
  username: string | null;
  first_name: string | null;
  last_name: string | null;
  is_active: boolean;
  account_confirmed_at: Date | null;
  account_banned_until: Date | null;
  account_last_sign_in_at: Date | null;
  account_updated_at: Date | null;
  account_gone_at: Date | null;
  account_handed_over_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export interface UsersTable {
  id: string;
  email: string;
  password_hash: string | null;
  email_confirmed_at: Date | null;
  email_proved_at: Date | null;
  last_sign_in_at: Date | null;
  banned_until: Date | null;
  app_metadata: Json<Record<string, unknown>>;
  user_metadata: Json<Record<string, unknown>>;
  created_at: Date;
  updated_at: Date;
}

export interface IdentitiesTable {
  id: string;
  user_id: string;
  provider: string;
  provider_id: string;
  identity_data: Json<Record<string, unknown>>;
  email: string | null;
  last_sign_in_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export interface SessionsTable {
  id: string;
  user_id: string;
  aal: Session['aal'];
  amr: Json<AuthenticationMethod[]>;
  sealed_refresh_key: string;
  refresh_counter: Counter;
  refreshed_at: Date | null;
  ip: string | null;
  user_agent: string | null;
  created_at: Date;
  updated_at: Date;
}

export interface PersonTables {
  profiles: ProfilesTable;
  user_roles: { user_id: string; role_id: string; assigned_at: Date };
  'auth_service_identity.users': UsersTable;
  'auth_service_identity.identities': IdentitiesTable;
  'auth_service_identity.sessions': SessionsTable;
  'auth_service_identity.signing_keys': SigningKeysTable;
}
