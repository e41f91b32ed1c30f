import { readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 500;
/** Share of the run in which caches fill and code is compiled. */
const WARM_UP = 0.3;
/** Megabytes that one process may have grown by: what the collector leaves lying, and what is kept on purpose. */
const ALLOWED_AT_ONCE = 40;
const ALLOWED_PER_MINUTE = 3;

export interface Grown {
  readonly first: number;
  readonly last: number;
  /** Megabytes in a minute: the straight line through all samples after the warm-up. */
  readonly slope: number;
  readonly grownBy: number;
  readonly allowed: number;
}

/** What the kernel counts as resident, Linux only. */
export function watchMemory(pids: readonly number[], seconds: number): { stop(): Grown[] } {
  const startedAt = performance.now();
  const samples = pids.map((): { minute: number; megabytes: number }[] => []);
  const timer = setInterval(() => {
    const passed = (performance.now() - startedAt) / 1000;
    if (passed < seconds * WARM_UP) return;
    for (const [index, pid] of pids.entries()) {
      const megabytes = residentMegabytes(pid);
      if (megabytes !== null) samples[index]?.push({ minute: passed / 60, megabytes });
    }
  }, SAMPLE_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return samples.map(describe);
    },
  };
}

function describe(samples: readonly { minute: number; megabytes: number }[]): Grown {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const atMean = mean(samples.map(({ minute }) => minute));
  const levelMean = mean(samples.map(({ megabytes }) => megabytes));
  let both = 0;
  let square = 0;
  for (const { minute, megabytes } of samples) {
    both += (minute - atMean) * (megabytes - levelMean);
    square += (minute - atMean) ** 2;
  }
  const slope = both / square;
  const minutes = (samples.at(-1)?.minute ?? Number.NaN) - (samples[0]?.minute ?? Number.NaN);
  return {
    first: samples[0]?.megabytes ?? Number.NaN,
    last: samples.at(-1)?.megabytes ?? Number.NaN,
    slope,
    grownBy: slope * minutes,
    allowed: ALLOWED_AT_ONCE + ALLOWED_PER_MINUTE * minutes,
  };
}

/** Null: the process has ended, which is told elsewhere. */
function residentMegabytes(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  } catch {
    return null;
  }
}
