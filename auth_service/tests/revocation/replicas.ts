import { EventEmitter } from 'node:events';
import { systemRandom } from '#crypto';
import { createRevocations, type Messages, type Revocations, type Target } from '#revocation';
import type { Storage } from '#storage';
import type { OpenTestDatabase, TestDatabase } from '../support/databases.ts';

export interface TestMessages extends Messages {
  /** As if the connection had been away for a while. */
  gap(): void;
  /** Drops what is published from here on. */
  cut(): void;
  readonly published: string[];
}

export interface UnderTest extends TestDatabase {
  readonly messages: TestMessages;
  /** The room as one process has it; it looks for news only when it is told to. */
  replica(options?: { storage?: Storage; messages?: Messages; pollIntervalMs?: number }): Revocations;
  revoke(by: Revocations, ...targets: Target[]): Promise<void>;
}

const NEVER_MS = 3_600_000;

export async function openReplicas(open: OpenTestDatabase, fresh = false): Promise<UnderTest> {
  const database = await open({ fresh });
  const { storage, clock, logger } = database;
  const messages = createTestMessages();
  return {
    ...database,
    messages,
    replica: (options = {}) =>
      createRevocations({
        storage: options.storage ?? storage,
        messages: options.messages ?? messages,
        now: clock.now,
        monotonicMs: () => clock.now().getTime(),
        random: systemRandom,
        logger,
        pollIntervalMs: options.pollIntervalMs ?? NEVER_MS,
      }),
    revoke: (by, ...targets) => storage.transaction((stores) => by.revoke(stores, ...targets)),
  };
}

function createTestMessages(): TestMessages {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(100);
  const published: string[] = [];
  let isCut = false;
  return {
    published,
    publish(channel, message) {
      published.push(message);
      if (!isCut) emitter.emit(channel, message);
    },
    subscribe(channel, listener, onGap) {
      emitter.on(channel, listener);
      emitter.on('gap', onGap);
    },
    gap: () => void emitter.emit('gap'),
    cut: () => {
      isCut = true;
    },
  };
}

export function inSeconds(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}
