import { systemRandom } from '#crypto';
import type { Logger } from '#observability';
import { createRevocations, type Messages, type Revocations } from '#revocation';
import type { TestDatabase } from './databases.ts';

export interface TestRevocations extends Revocations {
  /** Milliseconds for which nothing could be read, as far as it knows. */
  ageMs: number;
}

/** The room as compose opens it, but that it looks for news only when told, and grows old only when a test says so. */
export async function openRevocations(
  { storage, clock, logger }: Pick<TestDatabase, 'storage' | 'clock'> & { readonly logger: Logger },
  messages: Messages = SILENT,
): Promise<TestRevocations> {
  const revocations = createRevocations({
    storage,
    messages,
    now: clock.now,
    monotonicMs: () => opened.ageMs,
    random: systemRandom,
    logger,
    pollIntervalMs: 3_600_000,
  });
  const opened: TestRevocations = { ...revocations, ageMs: 0 };
  await opened.start();
  return opened;
}

const SILENT: Messages = { publish: () => undefined, subscribe: () => undefined };
