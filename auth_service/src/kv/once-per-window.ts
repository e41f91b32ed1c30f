const MAX_KEYS = 10_000;

/**
 * Says true the first time in a window for a key, so that a flood leaves one trace instead of a flood of traces.
 * Bounded: beyond MAX_KEYS the oldest are forgotten, which costs a repeated trace at worst.
 */
export function createOncePerWindow(now: () => Date): (key: string, windowSeconds: number) => boolean {
  const endsAt = new Map<string, number>();

  return (key, windowSeconds) => {
    const time = now().getTime();
    const end = endsAt.get(key);
    if (end !== undefined && time < end) return false;
    endsAt.delete(key);
    for (const oldest of endsAt.keys()) {
      if (endsAt.size < MAX_KEYS) break;
      endsAt.delete(oldest);
    }
    endsAt.set(key, time + windowSeconds * 1000);
    return true;
  };
}
