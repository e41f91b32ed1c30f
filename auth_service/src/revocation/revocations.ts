import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#crypto';
import { ServiceError } from '#errors';
import { errorContext, type Logger } from '#observability';
import type { Revocation, Storage } from '#storage';
import type { Messages, Revocations, Target } from './index.ts';
import { createKnown } from './known.ts';
import { CHANNEL, readMessage, writeMessage } from './message.ts';

export interface RevocationDependencies {
  readonly storage: Pick<Storage, 'revocations'>;
  readonly messages: Messages;
  readonly now: () => Date;
  /** Milliseconds of a clock that nobody sets. Default: performance.now. */
  readonly monotonicMs?: () => number;
  readonly random: Pick<Random, 'uuid'>;
  readonly logger: Logger;
  /** Milliseconds between two looks for what is new. Default 1000. */
  readonly pollIntervalMs?: number;
}

const POLL_INTERVAL_MS = 1_000;
/** Older than this, what is known is no ground to call a token good. */
const KNOWN_AT_MOST_MS = 5_000;
/** A look that takes longer is made again, over another connection. */
const READ_PATIENCE_MS = 1_500;
/** Longer than any look lasts. */
const HEARD_KEPT_MS = 60_000;
const PRUNE_INTERVAL_MS = 60_000;
/** Rows in one portion; what is left over goes a minute later. */
const PRUNED_AT_ONCE = 5_000;
/** Verifiers forgive an expired token some seconds, and the clock of another process may be behind. */
const GRACE_MS = 60_000;
/** Rows stay longer, for processes whose clock is far behind the one that deletes. */
const KEPT_MS = 3_600_000;

export function createRevocations(dependencies: RevocationDependencies): Revocations {
  const { storage, messages, now, random, logger, monotonicMs = () => performance.now() } = dependencies;
  let known = createKnown();
  /** What was heard of lately, which a snapshot that is being read may not have yet. */
  let heard: { readonly atMs: number; readonly revocation: Omit<Revocation, 'id'> }[] = [];
  let horizon: string | null = null;
  let syncedAtMs = Number.NEGATIVE_INFINITY;
  let prunedAtMs = now().getTime();
  let syncing: { readonly done: Promise<void>; readonly sinceMs: number } | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isLost = false;

  const longAgo = () => new Date(now().getTime() - GRACE_MS);

  async function read(): Promise<void> {
    // What was committed by now is in what is read: the age counts from here.
    const startedAtMs = monotonicMs();
    const since = horizon;
    const found = await storage.revocations.listSince(since, longAgo());
    // Another look that began later is over by now: this one says less.
    if (startedAtMs < syncedAtMs) return;
    // Everything there is: what is not in it was no revocation, or is none any more.
    if (since === null) {
      known = createKnown();
      for (const { atMs, revocation } of heard) if (atMs >= startedAtMs) known.add(revocation);
      heard = heard.filter(({ atMs }) => atMs > startedAtMs - HEARD_KEPT_MS);
    }
    for (const revocation of found.revocations) known.add(revocation);
    // Transactions are numbered anew in a database that was restored: what is there has not been read then.
    const isAnother = since !== null && BigInt(found.horizon) < BigInt(since);
    horizon = isAnother ? null : found.horizon;
    if (isAnother) await read();
    else syncedAtMs = startedAtMs;
  }

  /** One at a time; whoever comes while one runs shares it, but for one that has hung too long. */
  function sync(): Promise<void> {
    if (syncing !== null && monotonicMs() - syncing.sinceMs < READ_PATIENCE_MS) return syncing.done;
    const done = read().finally(() => {
      if (syncing?.done === done) syncing = null;
    });
    syncing = { done, sinceMs: monotonicMs() };
    return done;
  }

  /** Who is late goes on in the background; the next look does not wait for it. */
  async function syncInTime(): Promise<void> {
    const timer = new AbortController();
    const late = sleep(READ_PATIENCE_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
      throw new ServiceError('database_unavailable');
    });
    late.catch(() => undefined);
    const done = sync();
    done.catch(() => undefined);
    try {
      await Promise.race([done, late]);
    } finally {
      timer.abort();
    }
  }

  function add(revocation: Omit<Revocation, 'id'>): void {
    known.add(revocation);
    heard.push({ atMs: monotonicMs(), revocation });
  }

  async function poll(): Promise<void> {
    try {
      await syncInTime();
      if (isLost) logger.info('revocations are read again');
      isLost = false;
      await prune();
    } catch (error) {
      if (!isLost)
        logger.warning('revocations cannot be read; tokens are refused soon', { error: errorContext(error) });
      isLost = true;
    }
  }

  async function prune(): Promise<void> {
    const at = now();
    if (at.getTime() - prunedAtMs < PRUNE_INTERVAL_MS) return;
    prunedAtMs = at.getTime();
    // Once a minute all is read again: a server that took over from another may have used numbers twice.
    horizon = null;
    known.prune(longAgo());
    await storage.revocations.deleteExpired(new Date(at.getTime() - KEPT_MS), PRUNED_AT_ONCE);
  }

  function schedule(): void {
    timer = setTimeout(async () => {
      await poll();
      if (isRunning) schedule();
    }, dependencies.pollIntervalMs ?? POLL_INTERVAL_MS).unref();
  }

  return {
    async revoke(stores, ...targets) {
      const rows = targets.map((target) => rowOf(target, random.uuid(), now()));
      await stores.revocations.insertMany(rows);
      stores.afterCommit(() => {
        for (const row of rows) {
          add(row);
          messages.publish(CHANNEL, writeMessage(row));
        }
      });
    },

    isRevoked(token) {
      if (monotonicMs() - syncedAtMs > KNOWN_AT_MOST_MS) throw new ServiceError('revocations_unknown');
      return known.isRevoked(token);
    },

    async hasEnded(stores, token) {
      const ended = createKnown();
      for (const revocation of await stores.revocations.listOfUser(token.userId)) ended.add(revocation);
      return ended.isRevoked(token);
    },

    isKnownRevoked: (token) => known.isRevoked(token),

    async start() {
      if (isRunning) return;
      await sync();
      isRunning = true;
      messages.subscribe(
        CHANNEL,
        (message) => {
          const told = readMessage(message, now());
          if (told !== null) add(told);
        },
        () => void poll(),
      );
      schedule();
    },

    stop() {
      isRunning = false;
      clearTimeout(timer);
    },
  };
}

function rowOf(target: Target, id: string, revokedAt: Date): Revocation {
  const { kind, expiresAt } = target;
  const asked =
    target.kind === 'client' ? target.issuedUpTo : target.kind === 'user' ? target.begunUpTo : undefined;
  const until = asked ?? revokedAt;
  const spared = target.kind === 'user' ? (target.spared ?? null) : null;
  return { id, kind, subject: 'id' in target ? target.id : null, spared, revokedAt: until, expiresAt };
}
