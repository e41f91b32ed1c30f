import { setTimeout as sleep } from 'node:timers/promises';

const KEPT = 32;
/** Until something was measured; about what bcrypt takes at GoTrue's cost. */
const AT_FIRST_MS = 100;

/**
 * GoTrue answers an unknown address without the work that a known one costs, so that the time tells which it was. Here
 * such answers wait until the longest of the last thorough ones would have come.
 */
export interface EvenTime {
  even<T>(work: () => Promise<T>, kindOf: (outcome: Outcome<T>) => Kind): Promise<T>;
}

export type Outcome<T> = { readonly result: T } | { readonly error: unknown };

export interface Kind {
  /** Whether all the work was done, so that others can be measured by it. */
  readonly isThorough?: boolean;
  /** Whether its time would tell something. */
  readonly waits?: boolean;
}

/** @param longestMs beyond it nobody waits */
export function createEvenTime(longestMs: number): EvenTime {
  const thorough: number[] = [];

  async function settle(startedAtMs: number, { isThorough = false, waits = false }: Kind): Promise<void> {
    const tookMs = performance.now() - startedAtMs;
    if (isThorough) thorough.push(tookMs);
    if (thorough.length > KEPT) thorough.shift();
    const target = thorough.length === 0 ? AT_FIRST_MS : Math.max(...thorough);
    const left = Math.min(target, longestMs) - tookMs;
    if (waits && left > 0) await sleep(left);
  }

  return {
    async even(work, kindOf) {
      const startedAtMs = performance.now();
      try {
        const result = await work();
        await settle(startedAtMs, kindOf({ result }));
        return result;
      } catch (error) {
        await settle(startedAtMs, kindOf({ error }));
        throw error;
      }
    },
  };
}
