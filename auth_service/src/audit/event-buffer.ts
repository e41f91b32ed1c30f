import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#observability';
import type { AuditEvent } from '#storage';
import type { BatchWriter } from './batch-writer.ts';
import { writeToLog } from './last-resort.ts';

/** Events in one statement. */
const BATCH_SIZE = 500;
const CLOSE_PAUSE_MS = 200;

export interface EventBufferOptions {
  readonly writer: BatchWriter;
  readonly logger: Logger;
  readonly flushIntervalMs: number;
  readonly capacity: number;
  readonly closeTimeoutMs: number;
}

export interface EventBuffer {
  add(event: AuditEvent): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Events on their way to the database, in order, one batch at a time; bounded, and nothing leaves it unsaid. */
export function createEventBuffer(options: EventBufferOptions): EventBuffer {
  const { writer, logger, flushIntervalMs, capacity, closeTimeoutMs } = options;
  let waiting: AuditEvent[] = [];
  let inFlight: AuditEvent[] = [];
  let draining: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  function flush(): Promise<void> {
    // With nothing waiting, `drain` would be over before it could be remembered as running.
    if (waiting.length > 0) draining ??= drain();
    return draining ?? Promise.resolve();
  }

  async function drain(): Promise<void> {
    try {
      while (waiting.length > 0) {
        inFlight = waiting.splice(0, BATCH_SIZE);
        await writer.write(inFlight);
      }
    } catch (error) {
      waiting = [...inFlight, ...waiting];
      makeRoom();
      schedule();
      throw error;
    } finally {
      inFlight = [];
      // In the same turn as the last look at `waiting`: a flush that is asked for now has to look again.
      draining = undefined;
    }
  }

  /** The oldest go: they had the longest time to be stored. */
  function makeRoom(): void {
    const excess = waiting.length - capacity;
    if (excess > 0) writeToLog(waiting.splice(0, Math.max(excess, Math.ceil(capacity / 100))), logger);
  }

  function flushInBackground(): void {
    clearTimeout(timer);
    timer = undefined;
    // The writer has said so, and `drain` has asked for another try.
    flush().catch(() => {});
  }

  function schedule(): void {
    if (closing === undefined) timer ??= setTimeout(flushInBackground, flushIntervalMs).unref();
  }

  /** The last flush may hang on a connection, or fail while the database comes back: both end at the deadline. */
  async function closeNow(): Promise<void> {
    clearTimeout(timer);
    const finished = new AbortController();
    let isOver = false;
    const deadline = sleep(closeTimeoutMs, undefined, { signal: finished.signal }).then(
      () => {
        isOver = true;
      },
      () => {},
    );
    while (waiting.length + inFlight.length > 0 && !isOver) {
      const outcome = flush().then(
        () => 'stored',
        () => 'failed',
      );
      if ((await Promise.race([outcome, deadline])) === 'failed') {
        await Promise.race([sleep(CLOSE_PAUSE_MS), deadline]);
      }
    }
    finished.abort();
    writeToLog([...inFlight, ...waiting.splice(0)], logger);
  }

  return {
    add(event) {
      if (closing !== undefined) return writeToLog([event], logger);
      waiting.push(event);
      makeRoom();
      if (draining !== undefined) return;
      // While the database is away only the timer asks for it.
      if (waiting.length >= BATCH_SIZE && !writer.isFailing()) flushInBackground();
      else schedule();
    },
    flush,
    close() {
      closing ??= closeNow();
      return closing;
    },
  };
}
