import { AUDIT_ACTIONS } from '#audit';
import { type FieldError, ServiceError } from '#errors';
import type { AuditEvent, AuditQuery } from '#storage';
import type { ResponseSchema } from '../openapi/route-schema.ts';
import { adminEndpoint } from './endpoint.ts';
import { readPage } from './list-query.ts';
import * as parts from './schema-parts.ts';

const ID_MAX = 512;
/** RFC 3339; what it means is judged by Date and by the years. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/i;
const CURSOR = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** The years that an RFC 3339 time can name in UTC and that both databases take. */
const YEARS = { from: Date.parse('0001-01-01T00:00:00Z'), to: Date.parse('9999-12-31T23:59:59.999Z') };

const EVENT: ResponseSchema = {
  name: 'AuditEvent',
  description: 'What happened.',
  schema: {
    type: 'object',
    required: [
      'id',
      'occurred_at',
      'action',
      'outcome',
      'actor',
      'subject',
      'request_id',
      'client_ip',
      'detail',
    ],
    properties: {
      id: parts.uuid,
      occurred_at: parts.time,
      action: { type: 'string', description: 'As in docs/audit-events.md.' },
      outcome: { type: 'string', enum: ['success', 'failure'] },
      actor: party(['type', 'id']),
      subject: party(['type', 'id']),
      request_id: parts.textOrNull,
      client_ip: parts.textOrNull,
      detail: { type: 'object', additionalProperties: true },
    },
  },
  example: {
    id: parts.EXAMPLE_ID,
    occurred_at: parts.EXAMPLE_TIME,
    action: 'role.granted',
    outcome: 'success',
    actor: { type: 'user', id: '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a12' },
    subject: { type: 'client', id: '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a10' },
    request_id: '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a11',
    client_ip: '192.0.2.1',
    detail: { role: 'orders-reader' },
  },
};

const PAGE: ResponseSchema = {
  name: 'AuditEventList',
  description: 'Events, newest first.',
  schema: {
    type: 'object',
    required: ['items', 'next_cursor'],
    properties: {
      items: { type: 'array', items: EVENT.schema },
      next_cursor: { ...parts.textOrNull, description: 'For the next page; null: there is none.' },
    },
  },
  example: { items: [EVENT.example], next_cursor: null },
};

export const LIST_AUDIT_EVENTS = adminEndpoint(
  {
    summary: 'List audit events',
    description: 'Newest first. Filters are all to hold; `cursor` goes on where a page ended.',
    query: {
      limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
      cursor: { type: 'string', description: '`next_cursor` of the page before.' },
      actor: { type: 'string', description: 'Id of who did it.' },
      subject: { type: 'string', description: 'Id of what it was done to.' },
      action: { type: 'string', description: 'As in docs/audit-events.md.' },
      from: { ...parts.time, description: 'Inclusive.' },
      to: { ...parts.time, description: 'Exclusive.' },
    },
    response: { 200: PAGE },
    errors: parts.ERRORS_OF_READING,
  },
  async ({ rooms, request }) => {
    const query = readQuery(request.query as Record<string, unknown>);
    // One more than asked for tells whether there is another page.
    const found = await rooms.audit.list({ ...query, limit: query.limit + 1 });
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    const next = found.length > items.length && last !== undefined ? cursorOf(last) : null;
    return { items: items.map(eventBody), next_cursor: next };
  },
);

const TIME_RULE = 'It must be a time as in RFC 3339, with its offset, of the years 1 to 9999 in UTC.';

function readQuery({ limit, cursor, actor, subject, action, from, to }: Record<string, unknown>) {
  const { limit: pageSize } = readPage({ limit });
  const fields: FieldError[] = [];
  const check = <T>(field: string, given: unknown, read: (text: string) => T | null, message: string) => {
    if (given === undefined) return undefined;
    const value = typeof given === 'string' ? read(given) : null;
    if (value === null) fields.push({ field, message });
    return value ?? undefined;
  };
  const id = (text: string) => (text.length <= ID_MAX && !text.includes('\0') ? text : null);
  const query = {
    after: check('cursor', cursor, readCursor, 'It must be the next_cursor of a page.'),
    actorId: check('actor', actor, id, `It has at most ${ID_MAX} characters.`),
    subjectId: check('subject', subject, id, `It has at most ${ID_MAX} characters.`),
    action: check(
      'action',
      action,
      (text) => (Object.hasOwn(AUDIT_ACTIONS, text) ? text : null),
      'There is no such action.',
    ),
    from: check('from', from, readTime, TIME_RULE),
    to: check('to', to, readTime, TIME_RULE),
  };
  if (fields.length > 0) throw new ServiceError('validation_failed', undefined, { fields });
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(given) as Omit<AuditQuery, 'limit'>), limit: pageSize };
}

function cursorOf({ occurredAt, id }: AuditEvent): string {
  return Buffer.from(`${occurredAt.getTime()}.${id}`).toString('base64url');
}

function readCursor(text: string): AuditQuery['after'] | null {
  const [, ms, id] = CURSOR.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  const occurredAt = instantOf(new Date(Number(ms)));
  return occurredAt === null || id === undefined ? null : { occurredAt, id };
}

function readTime(text: string): Date | null {
  // In a query an unescaped plus arrives as a space.
  const spelled = text.replace(' ', '+');
  return instantOf(new Date(TIME.test(spelled) ? spelled : Number.NaN));
}

function instantOf(time: Date): Date | null {
  const ms = time.getTime();
  return ms >= YEARS.from && ms <= YEARS.to ? time : null;
}

function eventBody(event: AuditEvent) {
  return {
    id: event.id,
    occurred_at: event.occurredAt.toISOString(),
    action: event.action,
    outcome: event.outcome,
    actor: { type: event.actorType, id: event.actorId },
    subject: event.subjectType === null ? null : { type: event.subjectType, id: event.subjectId },
    request_id: event.requestId,
    client_ip: event.clientIp,
    detail: event.detail,
  };
}

function party(required: readonly string[]) {
  return {
    type: ['object', 'null'],
    required,
    properties: { type: { type: 'string' }, id: parts.textOrNull },
  };
}
