import { MAX_KEYS } from './memory-limiter.ts';

/**
 * `Kv.once` within this process. A mark that may still be asked for is never forgotten to make room: when there is no
 * room left the answer is that nobody can tell.
 */
export function createMemoryMarks(maxKeys = MAX_KEYS) {
  const endsAt = new Map<string, number>();

  function forgetEnded(nowMs: number): void {
    for (const [key, endMs] of endsAt) if (endMs <= nowMs) endsAt.delete(key);
  }

  return (key: string, ttlSeconds: number): boolean | 'unavailable' => {
    const nowMs = Date.now();
    const end = endsAt.get(key);
    if (end !== undefined && nowMs < end) return false;
    if (end === undefined && endsAt.size >= maxKeys) forgetEnded(nowMs);
    if (end === undefined && endsAt.size >= maxKeys) return 'unavailable';
    endsAt.set(key, nowMs + ttlSeconds * 1000);
    return true;
  };
}
