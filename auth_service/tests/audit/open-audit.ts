import { type Audit, type AuditDependencies, type AuditInput, createAudit } from '#audit';
import { systemRandom } from '#crypto';
import type { AuditEvent } from '#storage';
import type { OpenTestDatabase, TestDatabase } from '../support/databases.ts';
import type { RecordingLogger } from '../support/recording-logger.ts';

export interface AuditUnderTest extends TestDatabase {
  readonly audit: Audit;
  /** Sizes of the batches sent to the database, in order. */
  readonly batches: number[];
  /** Runs before a batch reaches the real store, or in place of it when it throws. */
  fault: (send: () => Promise<void>) => Promise<void>;
  stored(): Promise<AuditEvent[]>;
}

/** An hour: what these tests do not flush themselves stays in the buffer. */
const NEVER_MS = 3_600_000;

/** audit on a real database whose connection can be made to fail. */
export async function openAudit(
  open: OpenTestDatabase,
  options: Partial<AuditDependencies> = {},
): Promise<AuditUnderTest> {
  const database = await open();
  const { storage, clock, logger } = database;
  const batches: number[] = [];
  const faulty = {
    auditEvents: {
      ...storage.auditEvents,
      insertMany(events: readonly AuditEvent[]) {
        batches.push(events.length);
        return opened.fault(() => storage.auditEvents.insertMany(events));
      },
    },
  };
  const audit = createAudit({
    storage: faulty,
    logger,
    now: clock.now,
    random: systemRandom,
    flushIntervalMs: NEVER_MS,
    ...options,
  });
  const opened: AuditUnderTest = {
    ...database,
    audit,
    batches,
    fault: (send) => send(),
    stored: () => storage.auditEvents.list({ limit: 100_000 }),
  };
  return opened;
}

export function issued(tokenId: string): AuditInput {
  return {
    action: 'token.issued',
    actor: { type: 'client', id: 'client-1' },
    subject: { type: 'token', id: tokenId },
    detail: { scope: 'orders:read' },
  };
}

export function tokenIds(events: readonly { subjectId: string | null }[]): (string | null)[] {
  return events.map(({ subjectId }) => subjectId).sort();
}

/** Subjects of the events that went to the log because the database did not get them. */
export function loggedTokenIds(logger: RecordingLogger): unknown[] {
  const rows = logger.lines.flatMap(({ context }) =>
    context?.audit_event === undefined ? [] : [context.audit_event as Record<string, unknown>],
  );
  return rows.map(({ subject_id }) => subject_id).sort();
}

export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${String(index).padStart(6, '0')}`);
}
