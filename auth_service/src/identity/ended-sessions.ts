/** A row of the audit has room for so many ids. */
const NAMED_AT_MOST = 20;

/** What an event says of sessions that ended. */
export function endedDetail(scope: string, ended: readonly string[]) {
  return { scope, ended_sessions: ended.length, sessions: ended.slice(0, NAMED_AT_MOST) };
}
