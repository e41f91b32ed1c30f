/** The rows of schema `auth_service_data`, as the migrations make them. */
import type { JsonWebKey } from 'node:crypto';
import type { ColumnType, Generated } from 'kysely';
import type { PersonTables } from './person-tables.ts';
import type {
  AuditEvent,
  JsonWebKeySet,
  Revocation,
  SecretAlgorithm,
  SigningAlgorithm,
  SigningKeyState,
} from './records.ts';

export const SCHEMA = 'auth_service_data';

/** Written as JSON text, read as the value. */
type Json<T> = ColumnType<T, string, string>;

interface NamedTable {
  id: string;
  name: string;
  description: string | null;
  created_at: Date;
  updated_at: Date;
}

export interface AppClientsTable {
  id: string;
  client_name: string;
  description: string | null;
  is_active: boolean;
  allowed_callback_urls: string[];
  allowed_resources: string[];
  token_endpoint_auth_method: string | null;
  token_lifetime_seconds: number | null;
  rate_limit: string | null;
  refresh_tokens: boolean;
  jwks: ColumnType<JsonWebKeySet | null, string | null, string | null>;
  jwks_uri: string | null;
  created_at: Date;
  updated_at: Date;
}

export interface AppClientSecretsTable {
  id: string;
  client_id: string;
  algorithm: SecretAlgorithm;
  hash: string;
  hint: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

export interface AppClientRefreshTokensTable {
  id: string;
  client_id: string;
  token_hash: string;
  scope: string[] | null;
  resources: string[];
  created_at: Date;
  refreshed_at: Date | null;
  expires_at: Date;
}

export interface SigningKeysTable {
  kid: string;
  algorithm: SigningAlgorithm;
  state: SigningKeyState;
  public_jwk: Json<JsonWebKey>;
  sealed_private_key: string;
  created_at: Date;
  activated_at: Date | null;
  retired_at: Date | null;
  expires_at: Date | null;
}

export interface AuditEventsTable {
  id: string;
  occurred_at: Date;
  action: string;
  outcome: AuditEvent['outcome'];
  actor_type: AuditEvent['actorType'];
  actor_id: string | null;
  subject_type: string | null;
  subject_id: string | null;
  request_id: string | null;
  client_ip: string | null;
  detail: Json<Record<string, unknown>>;
}

export interface Tables extends PersonTables {
  roles: NamedTable;
  permissions: NamedTable;
  role_permissions: { role_id: string; permission_id: string; assigned_at: Date };
  app_clients: AppClientsTable;
  app_client_secrets: AppClientSecretsTable;
  app_client_roles: { client_id: string; role_id: string; assigned_at: Date };
  app_client_refresh_tokens: AppClientRefreshTokensTable;
  app_client_assertions: { client_id: string; jti_hash: string; expires_at: Date };
  revocations: {
    id: string;
    kind: Revocation['kind'];
    subject: string | null;
    spared: string | null;
    revoked_at: Date;
    expires_at: Date | null;
    xid: Generated<string>;
  };
  rights_revision: { single: boolean; value: string | number };
  signing_keys: SigningKeysTable;
  audit_events: AuditEventsTable;
  bootstrap_marks: { name: string; at: Date };
  schema_migrations: {
    version: number;
    name: string;
    checksum: string;
    compatible_from: number;
    applied_at: Date;
  };
}
