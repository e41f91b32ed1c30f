import type { Replicas } from '../../auth_service/tests/support/replicas.ts';

/** What was acknowledged, by what it must have left behind. */
const WRITES = {
  registration:
    'select id::text as key from auth_service_identity.users join auth_service_data.profiles on user_id = id',
  client: 'select id::text as key from auth_service_data.app_clients',
  'client deactivated': 'select id::text as key from auth_service_data.app_clients where not is_active',
  'role grant': `select client_id || ' ' || r.name as key
    from auth_service_data.app_client_roles join auth_service_data.roles r on r.id = role_id`,
  revocation: `select subject as key from auth_service_data.revocations where kind = 'token'`,
  'audit event': `select action || ' ' || subject_id as key from auth_service_data.audit_events`,
  'password change': `select subject_id as key from auth_service_data.audit_events where action = 'user.password_changed'`,
} as const;

export type Write = keyof typeof WRITES;

export interface Ledger {
  /** To be called once the answer is there, and not before. */
  acknowledge(write: Write, key: string): void;
  /** How many of each were acknowledged, and which of them are not there. */
  compare(query: Replicas['query']): Promise<Compared[]>;
}

export interface Compared {
  readonly write: Write;
  readonly acknowledged: number;
  readonly missing: readonly string[];
}

export function createLedger(): Ledger {
  const kinds = Object.keys(WRITES) as Write[];
  const acknowledged = new Map<Write, string[]>(kinds.map((kind) => [kind, []]));
  return {
    acknowledge: (write, key) => void acknowledged.get(write)?.push(key),
    async compare(query) {
      const compared: Compared[] = [];
      for (const [write, keys] of acknowledged) {
        // Each time it was acknowledged it has to be there once more: a password may change twice.
        const found = new Map<unknown, number>();
        for (const { key } of await query(WRITES[write])) found.set(key, (found.get(key) ?? 0) + 1);
        const missing = keys.filter((key) => {
          const left = found.get(key) ?? 0;
          found.set(key, left - 1);
          return left <= 0;
        });
        compared.push({ write, acknowledged: keys.length, missing });
      }
      return compared;
    },
  };
}
