/**
 * audit: who did what. Owns the catalogue of actions, the rows in the transaction of what they record, the buffer of
 * events that may be up to a second late (token issuance, failures), and the monthly partitions ahead of time.
 * May use: storage's audit events, the request context. Does not: decide what is an event (the acting room does), or
 * ever drop an event unsaid: what cannot be stored is written to the log.
 */
import type { AuditEvent, AuditQuery, Stores } from '#storage';
import type { AuditAction } from './actions.ts';

export { AUDIT_ACTIONS, type AuditAction, renderAuditDocs } from './actions.ts';
export { type AuditDependencies, createAudit } from './audit.ts';

export interface Actor {
  readonly type: 'user' | 'client' | 'system' | 'anonymous';
  readonly id: string | null;
}

export interface AuditInput {
  readonly action: AuditAction;
  /** Default `success`. */
  readonly outcome?: 'success' | 'failure';
  readonly actor: Actor;
  readonly subject?: { readonly type: string; readonly id: string | null };
  /** What else a reader needs, as JSON values. Never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Default: those of the current request. */
  readonly requestId?: string | null;
  readonly clientIp?: string | null;
}

export interface Audit {
  /** Writes the event in the caller's transaction: both happen or neither. @throws what storage throws. */
  record(stores: Pick<Stores, 'auditEvents'>, event: AuditInput): Promise<void>;
  /** Takes the event at once and stores it within a second, together with others. Never throws, never waits. */
  enqueue(event: AuditInput): void;
  /** What is stored, newest first; what was enqueued in the last second may be missing. @throws what storage throws. */
  list(query: AuditQuery): Promise<AuditEvent[]>;
  /** Stores all that was enqueued before. @throws what storage throws; the events stay and are tried again. */
  flush(): Promise<void>;
  /** Prepares the partitions of the coming months, now and once a day. @throws what storage throws. */
  start(): Promise<void>;
  /** Stores what is left, for some seconds at most; what cannot be stored goes to the log. */
  close(): Promise<void>;
}
