/** Signals that ask the server to end. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Ctrl-C reaches the whole process group, and npm hands it on once more: within this time it is one key press. */
const SAME_PRESS_MS = 1000;

/** How often to look whether the parent is still there. */
const PARENT_CHECK_MS = 500;

/** Below the 30 seconds that Kubernetes leaves before it kills. */
const DEADLINE_MS = 25_000;

export interface SignalSource {
  on(signal: string, listener: (signal: string) => void): unknown;
  /** The parent's process id; it changes when the parent has ended. */
  readonly ppid?: number;
}

export interface StopSignal {
  /** The first signal; stays pending until then. */
  readonly requested: Promise<string>;
  isRequested(): boolean;
  /** Waits for the work, but not beyond the deadline nor beyond a second, later signal. */
  wait(work: Promise<void>): Promise<'done' | 'deadline' | 'forced'>;
  /** The parent is no longer watched. Signals stay caught: the other half of a key press may come as the process ends. */
  dispose(): void;
}

export interface StopSignalOptions {
  /** Milliseconds of any clock that does not jump. */
  readonly now?: () => number;
  readonly deadlineMs?: number;
  /** The parent's end counts as SIGTERM: for a parent that is told to stop and does not tell us. */
  readonly endsWithParent?: boolean;
}

export function listenForStop(source: SignalSource, options: StopSignalOptions = {}): StopSignal {
  const { now = () => performance.now(), deadlineMs = DEADLINE_MS, endsWithParent = false } = options;
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<'forced'>();
  let requestedAt: number | null = null;
  const onSignal = (signal: string) => {
    if (requestedAt === null) {
      requestedAt = now();
      first.resolve(signal);
    } else if (now() - requestedAt >= SAME_PRESS_MS) {
      second.resolve('forced');
    }
  };
  for (const signal of STOP_SIGNALS) source.on(signal, onSignal);
  const parent = source.ppid;
  const parentCheck = endsWithParent
    ? setInterval(() => {
        if (source.ppid !== parent && requestedAt === null) onSignal('SIGTERM');
      }, PARENT_CHECK_MS).unref()
    : undefined;
  return {
    requested: first.promise,
    isRequested: () => requestedAt !== null,
    async wait(work) {
      const deadline = Promise.withResolvers<'deadline'>();
      const timer = setTimeout(() => deadline.resolve('deadline'), deadlineMs);
      try {
        return await Promise.race([work.then(() => 'done' as const), deadline.promise, second.promise]);
      } finally {
        clearTimeout(timer);
      }
    },
    dispose: () => clearInterval(parentCheck),
  };
}
