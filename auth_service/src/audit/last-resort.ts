import type { Logger } from '#observability';
import type { AuditEvent } from '#storage';

/** What the database does not get, the log does: how many events, then each of them. */
export function writeToLog(events: readonly AuditEvent[], logger: Logger, error?: unknown): void {
  if (events.length === 0) return;
  logger.critical('Audit events could not be stored and follow in this log', { count: events.length, error });
  for (const event of events) logger.critical('Audit event not stored', { audit_event: asRow(event) });
}

/** Under the names of the columns, so that it can be put where it belongs. */
function asRow(event: AuditEvent): Record<string, unknown> {
  const toColumn = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [toColumn(name), value]));
}
