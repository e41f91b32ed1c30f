import type { Audit } from '#audit';
import type { KeyRingDependencies } from '#keys';

/** A new signing key leaves its trace in the transaction that stores it. */
export function recordKey(audit: Audit): NonNullable<KeyRingDependencies['onKeyCreated']> {
  return (stores, { kid, state, algorithm }) =>
    audit.record(stores, {
      action: 'key.created',
      actor: { type: 'system', id: null },
      subject: { type: 'key', id: kid },
      detail: { state, algorithm },
    });
}
