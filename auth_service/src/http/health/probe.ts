import type { ComponentStatus } from './schema.ts';

const CACHED_FOR_MS = 1_000;
const BOUND_MS = 2_000;

/**
 * Asks a component how it is, however often it is asked itself: all callers share one check, its result serves for a
 * second, and a check that hangs is answered for after two seconds and not started again beside itself.
 * @param check resolves when the component answers
 * @param lost what it means when it does not
 */
export function createProbe(
  check: () => Promise<void>,
  now: () => Date,
  lost: 'error' | 'degraded' = 'error',
): () => Promise<ComponentStatus> {
  let latest: { at: number; status: ComponentStatus } | null = null;
  let checking: Promise<ComponentStatus> | null = null;
  let asking: Promise<ComponentStatus> | null = null;

  function startCheck(): Promise<ComponentStatus> {
    checking ??= runCheck(check, lost).finally(() => {
      checking = null;
    });
    return checking;
  }

  async function ask(): Promise<ComponentStatus> {
    const status = await withinBound(startCheck(), lost);
    latest = { at: now().getTime(), status };
    return status;
  }

  return async () => {
    if (latest !== null && now().getTime() - latest.at < CACHED_FOR_MS) return latest.status;
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}

async function runCheck(check: () => Promise<void>, lost: 'error' | 'degraded'): Promise<ComponentStatus> {
  const startedAt = performance.now();
  try {
    await check();
    return { status: 'ok', latency_ms: Math.round((performance.now() - startedAt) * 10) / 10 };
  } catch {
    return { status: lost, detail: 'cannot be reached' };
  }
}

function withinBound(check: Promise<ComponentStatus>, lost: 'error' | 'degraded'): Promise<ComponentStatus> {
  const { promise, resolve } = Promise.withResolvers<ComponentStatus>();
  const timer = setTimeout(() => resolve({ status: lost, detail: 'no answer within 2 s' }), BOUND_MS);
  check.then(resolve).finally(() => clearTimeout(timer));
  return promise;
}
