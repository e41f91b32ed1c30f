import { currentRequest } from '#observability';
import type { AuditEvent } from '#storage';
import type { AuditInput } from './index.ts';

/** Characters. The buffer holds many events, and they may repeat what a stranger sent. */
const MAX_DETAIL = 16_384;
const MAX_TEXT = 512;

export function eventOf(input: AuditInput, id: string, occurredAt: Date): AuditEvent {
  const request = currentRequest();
  return {
    id,
    occurredAt,
    action: input.action,
    outcome: input.outcome ?? 'success',
    actorType: input.actor.type,
    actorId: bounded(input.actor.id),
    subjectType: input.subject?.type ?? null,
    subjectId: bounded(input.subject?.id),
    requestId: bounded(input.requestId === undefined ? request?.requestId : input.requestId),
    clientIp: bounded(input.clientIp === undefined ? request?.clientIp : input.clientIp),
    detail: boundedDetail(input.detail),
  };
}

function bounded(text: string | null | undefined): string | null {
  return text?.slice(0, MAX_TEXT) ?? null;
}

function boundedDetail(detail: AuditInput['detail']): Record<string, unknown> {
  if (detail === undefined) return {};
  try {
    const text = JSON.stringify(detail);
    return text.length > MAX_DETAIL ? { cut: text.slice(0, MAX_DETAIL) } : detail;
  } catch {
    // Circular or a BigInt: the event still stands without it.
    return { unreadable: true };
  }
}
