import type { AuditInput } from '#audit';
import type { Dependencies } from './dependencies.ts';

const WINDOW_MS = 60_000;
/** Beyond that the oldest are forgotten, which costs a count, or an event more. */
const KEYS_AT_MOST = 10_000;

interface Window {
  readonly endsAt: number;
  /** How many events were left out in it. */
  collapsed: number;
}

type AuditOfRoutes = Dependencies['audit'];

/**
 * The audit with refusals thinned out: of those of one actor at one operation the first in a minute is recorded, and the
 * first after it says how many were not. Otherwise whoever has a token and no rights could fill the table at will.
 */
export function collapseRefusals(audit: AuditOfRoutes, now: () => Date): AuditOfRoutes {
  const windows = new Map<string, Window>();

  /** Null: not to be recorded. */
  function thinned(event: AuditInput): AuditInput | null {
    const { actor, detail } = event;
    const key = JSON.stringify([actor.type, actor.id, detail?.operation]);
    const time = now().getTime();
    const before = windows.get(key);
    // A clock that was set back must not silence anybody for long.
    if (before !== undefined && time < before.endsAt && time >= before.endsAt - WINDOW_MS) {
      before.collapsed += 1;
      return null;
    }
    windows.delete(key);
    for (const oldest of windows.keys()) {
      if (windows.size < KEYS_AT_MOST) break;
      windows.delete(oldest);
    }
    windows.set(key, { endsAt: time + WINDOW_MS, collapsed: 0 });
    const collapsed = before?.collapsed ?? 0;
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
