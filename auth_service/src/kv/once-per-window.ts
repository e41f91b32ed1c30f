const MAX_KEYS = 10_000;

interface Window {
  readonly startedAtMs: number;
  readonly endsAtMs: number;
  /** How often it was asked for again in it. */
  repeats: number;
}

/**
 * Says true the first time in a window for a key, so that a flood leaves one trace instead of a flood of traces.
 * Bounded: beyond MAX_KEYS the oldest are forgotten, which costs a repeated trace at worst.
 */
export function createOncePerWindow(now: () => Date): (key: string, windowSeconds: number) => boolean {
  const repeatsBefore = createRepeatCount(now);
  return (key, windowSeconds) => repeatsBefore(key, windowSeconds) !== null;
}

/**
 * The same, and how much the one trace stands for: the first time in a window, how often the key came again in the one
 * before; null for those that come again.
 */
export function createRepeatCount(now: () => Date): (key: string, windowSeconds: number) => number | null {
  const windows = new Map<string, Window>();

  return (key, windowSeconds) => {
    const time = now().getTime();
    const before = windows.get(key);
    // A clock that was set back must not silence anybody for long.
    if (before !== undefined && time < before.endsAtMs && time >= before.startedAtMs) {
      before.repeats += 1;
      return null;
    }
    windows.delete(key);
    for (const oldest of windows.keys()) {
      if (windows.size < MAX_KEYS) break;
      windows.delete(oldest);
    }
    windows.set(key, { startedAtMs: time, endsAtMs: time + windowSeconds * 1000, repeats: 0 });
    return before?.repeats ?? 0;
  };
}
