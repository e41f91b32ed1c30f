import type { Random } from '#crypto';
import type { Logger } from '#observability';
import type { Complaints } from './complaints.ts';

/** How long anybody waits for an answer of Redis. */
const DEADLINE_MS = 500;
/** So many failures within so long, and Redis is left alone until it has answered a probe. */
const FAILURES_AT_MOST = 3;
const FAILURES_WITHIN_MS = 5_000;
const PROBE_EVERY_MS = 1_000;
/** Longest wait for the first connection before it counts as failed. */
const FIRST_CONNECTION_MS = 3_000;

export interface Guard {
  isUp(): boolean;
  /** Does the work with Redis, in bounded time. Rejects at once while Redis is left alone, or not yet known to be there. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves once it is known whether Redis is there. Connects, as `run` does, if nothing has before. */
  decide(): Promise<void>;
  /** The connection broke, or could not be made. */
  lost(reason: string): void;
  /** A connection is ready for commands. */
  connected(): void;
  close(): void;
}

export interface GuardDependencies {
  /** Begins to connect. */
  readonly connect: () => void;
  /** Does what every request needs of Redis. */
  readonly probe: () => Promise<unknown>;
  /** Drops a connection on which nothing is answered any more; another one is made in its place. */
  readonly reconnect: () => void;
  readonly complaints: Complaints;
  readonly logger: Logger;
  readonly random: Pick<Random, 'bytes'>;
}

/** A circuit breaker. Requests never try out whether Redis is back: one probe at a time does, in the background. */
export function createGuard(dependencies: GuardDependencies): Guard {
  const { connect, probe, reconnect, complaints, logger, random } = dependencies;
  const decided = Promise.withResolvers<void>();
  let state: 'idle' | 'connecting' | 'up' | 'away' | 'closed' = 'idle';
  let awaySince = 0;
  let failures = { count: 0, since: Number.NEGATIVE_INFINITY };
  let probing = false;
  let timer: NodeJS.Timeout | undefined;

  function start(): void {
    if (state !== 'idle') return;
    state = 'connecting';
    timer = setTimeout(() => lost('no connection yet'), FIRST_CONNECTION_MS).unref();
    connect();
  }

  function lost(reason: string): void {
    if (state === 'away' || state === 'closed') return;
    state = 'away';
    awaySince = performance.now();
    failures = { count: 0, since: Number.NEGATIVE_INFINITY };
    logger.warning('Redis is away: limits are counted within this process until it is back', { reason });
    decided.resolve();
    scheduleProbe();
  }

  function back(): void {
    if (state === 'connecting') logger.info('Connected to Redis');
    else {
      const awayMs = Math.round(performance.now() - awaySince);
      logger.info('Redis is back: limits are counted over all replicas again', { away_ms: awayMs });
    }
    state = 'up';
    complaints.settle();
    clearTimeout(timer);
    decided.resolve();
  }

  function scheduleProbe(): void {
    clearTimeout(timer);
    timer = setTimeout(tryAgain, jittered(PROBE_EVERY_MS, random)).unref();
  }

  function tryAgain(): void {
    if (probing || state === 'up' || state === 'closed') return;
    probing = true;
    withinDeadline(probe)
      .then(
        () => state !== 'closed' && back(),
        (error: unknown) => {
          complaints.complain(error);
          if (state === 'connecting') lost(complaints.describe(error));
        },
      )
      .finally(() => {
        probing = false;
        if (state === 'away') scheduleProbe();
      });
  }

  function noteFailure(error: unknown): void {
    if (state !== 'up') return;
    const nowMs = performance.now();
    if (nowMs - failures.since > FAILURES_WITHIN_MS) failures = { count: 0, since: nowMs };
    failures.count += 1;
    if (failures.count < FAILURES_AT_MOST) return;
    lost(complaints.describe(error));
    complaints.complain(error);
    if (error instanceof NoAnswerError) reconnect();
  }

  return {
    isUp: () => state === 'up',
    async run(work) {
      start();
      if (state !== 'up') throw new Error('Redis is left alone for now.');
      try {
        return await withinDeadline(work);
      } catch (error) {
        noteFailure(error);
        throw error;
      }
    },
    decide() {
      start();
      return decided.promise;
    },
    lost,
    connected: tryAgain,
    close() {
      state = 'closed';
      clearTimeout(timer);
      decided.resolve();
    },
  };
}

class NoAnswerError extends Error {}

function withinDeadline<T>(work: () => Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const giveUp = () => reject(new NoAnswerError(`no answer within ${DEADLINE_MS} ms`));
  // When this process was what was slow, the answer lies there already and is read before `setImmediate` comes up.
  const timer = setTimeout(() => setImmediate(giveUp), DEADLINE_MS);
  work()
    .then(resolve, reject)
    .finally(() => clearTimeout(timer));
  return promise;
}

/** Half of it to the whole of it, so that replicas do not come back in step. */
export function jittered(milliseconds: number, random: Pick<Random, 'bytes'>): number {
  return Math.round(milliseconds * (0.5 + (random.bytes(1)[0] ?? 0) / 510));
}
