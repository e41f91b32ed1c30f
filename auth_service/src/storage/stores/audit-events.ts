import { type Kysely, type Selectable, sql } from 'kysely';
import type { AuditEvent } from '../records.ts';
import type { AuditEventStore } from '../stores.ts';
import type { AuditEventsTable, Tables } from '../tables.ts';
import { ensurePartitions } from './audit-partitions.ts';

export function createAuditEventStore(db: Kysely<Tables>): AuditEventStore {
  return {
    async insertMany(events) {
      if (events.length === 0) return;
      // One parameter whatever the number of events: the protocol ends at 65 535, and one text is one plan.
      await sql`
        insert into ${sql.table('auth_service_data.audit_events')}
          (id, occurred_at, action, outcome, actor_type, actor_id, subject_type, subject_id, request_id, client_ip, detail)
        select * from jsonb_to_recordset(${JSON.stringify(events.map(toRow))}::jsonb) as event
          (id uuid, occurred_at timestamptz, action text, outcome text, actor_type text, actor_id text,
           subject_type text, subject_id text, request_id text, client_ip text, detail jsonb)
        on conflict (id, occurred_at) do nothing`.execute(db);
    },

    async list({ action, actorId, subjectId, from, to, after, limit }) {
      let found = db.selectFrom('audit_events').selectAll();
      if (action !== undefined) found = found.where('action', '=', action);
      if (actorId !== undefined) found = found.where('actor_id', '=', actorId);
      if (subjectId !== undefined) found = found.where('subject_id', '=', subjectId);
      if (from !== undefined) found = found.where('occurred_at', '>=', from);
      if (to !== undefined) found = found.where('occurred_at', '<', to);
      if (after !== undefined) {
        found = found.where(sql<boolean>`(occurred_at, id) < (${after.occurredAt}, ${after.id}::uuid)`);
      }
      const newest = found.orderBy('occurred_at', 'desc').orderBy('id', 'desc').limit(limit);
      return (await newest.execute()).map(toEvent);
    },

    ensurePartitions: (now) => ensurePartitions(db, now),
  };
}

function toRow(event: AuditEvent) {
  return storable({
    id: event.id,
    occurred_at: event.occurredAt.toISOString(),
    action: event.action,
    outcome: event.outcome,
    actor_type: event.actorType,
    actor_id: event.actorId,
    subject_type: event.subjectType,
    subject_id: event.subjectId,
    request_id: event.requestId,
    client_ip: event.clientIp,
    detail: event.detail,
  });
}

/**
 * The same with what PostgreSQL's jsonb cannot hold replaced by U+FFFD. Elsewhere that is the caller's fault; here it
 * is what happened, and one such event must not keep its whole batch from being written.
 */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd').toWellFormed();
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)]));
}

function toEvent(row: Selectable<AuditEventsTable>): AuditEvent {
  return {
    id: row.id,
    occurredAt: row.occurred_at,
    action: row.action,
    outcome: row.outcome,
    actorType: row.actor_type,
    actorId: row.actor_id,
    subjectType: row.subject_type,
    subjectId: row.subject_id,
    requestId: row.request_id,
    clientIp: row.client_ip,
    detail: row.detail,
  };
}
