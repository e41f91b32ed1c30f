import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Random } from '#crypto';
import type { Channels } from '../channels.ts';
import { backOff } from './connection.ts';

/** How soon a connection is noticed on which nothing arrives any more. */
const HEARTBEAT_MS = 2_000;
/** One that lived so long was no failed try. */
const STEADY_MS = 5_000;

export interface Subscriber {
  /** Somebody listens to a channel now. Connects with the first, and stays connected. */
  added(channel: string): void;
  close(): void;
}

export interface SubscriberDependencies {
  /** A fresh connection; to another node each time where there are several. */
  readonly open: () => Redis;
  readonly channels: Channels;
  /** Before the name of each channel in Redis, where all databases share them. */
  readonly prefix: string;
  readonly random: Pick<Random, 'bytes'>;
}

/** A connection for messages alone. One after the other: a lost one is replaced, and everything subscribed again. */
export function createSubscriber({ open, channels, prefix, random }: SubscriberDependencies): Subscriber {
  const closing = new AbortController();
  const subscribed = new Set<string>();
  let current: Redis | null = null;
  let isRunning = false;

  /** Tells those who listen once their channel is in force. */
  async function subscribe(connection: Redis): Promise<void> {
    const wanted = channels.names().filter((name) => !subscribed.has(name));
    if (wanted.length === 0) return;
    for (const name of wanted) subscribed.add(name);
    await connection.subscribe(...wanted.map((name) => prefix + name));
    for (const name of wanted) channels.reconnected(name);
  }

  async function serve(connection: Redis): Promise<void> {
    connection.on('message', (channel, message) => channels.deliver(channel.slice(prefix.length), message));
    await connection.connect();
    subscribed.clear();
    current = connection;
    await subscribe(connection);
    while (!closing.signal.aborted) {
      await pause(HEARTBEAT_MS);
      await connection.ping();
    }
  }

  async function keepServing(): Promise<void> {
    for (let attempt = 0; !closing.signal.aborted; attempt += 1) {
      const connection = open();
      const startedAt = performance.now();
      // The faults of a connection end it; why is told by the one that serves commands.
      const ended = new Promise<never>((_resolve, reject) => connection.once('end', reject));
      connection.on('error', () => {});
      await Promise.race([serve(connection), ended]).catch(() => {});
      current = null;
      connection.disconnect();
      if (performance.now() - startedAt > STEADY_MS) attempt = 0;
      await pause(backOff(attempt, random)).catch(() => {});
    }
  }

  function pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: closing.signal, ref: false });
  }

  return {
    added(channel) {
      if (!isRunning && !closing.signal.aborted) {
        isRunning = true;
        void keepServing();
      }
      const connection = current;
      if (connection === null) return;
      if (subscribed.has(channel)) setImmediate(() => channels.reconnected(channel));
      // One that does not take it is as good as lost.
      else subscribe(connection).catch(() => connection.disconnect());
    },
    close() {
      closing.abort();
      current?.disconnect();
    },
  };
}
