import type { AuditInput } from '#audit';
import { createRepeatCount } from '#kv';
import type { Dependencies } from './dependencies.ts';

const WINDOW_SECONDS = 60;

type AuditOfRoutes = Dependencies['audit'];

/**
 * The audit with refusals thinned out: of those of one actor at one operation the first in a minute is recorded, and the
 * first after it says how many were not. Otherwise whoever has a token and no rights could fill the table at will.
 */
export function collapseRefusals(audit: AuditOfRoutes, now: () => Date): AuditOfRoutes {
  const collapsedBefore = createRepeatCount(now);

  /** Null: not to be recorded. */
  function thinned(event: AuditInput): AuditInput | null {
    const { actor, detail } = event;
    const key = JSON.stringify([actor.type, actor.id, detail?.operation]);
    const collapsed = collapsedBefore(key, WINDOW_SECONDS);
    if (collapsed === null) return null;
    return collapsed === 0 ? event : { ...event, detail: { ...detail, collapsed } };
  }

  return {
    list: (query) => audit.list(query),
    enqueue(event) {
      const kept = event.action === 'access.refused' ? thinned(event) : event;
      if (kept !== null) audit.enqueue(kept);
    },
  };
}
