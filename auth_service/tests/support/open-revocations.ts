import { systemRandom } from '#crypto';
import type { Logger } from '#observability';
import { createRevocations, type Messages, type Revocations } from '#revocation';
import type { TestDatabase } from './databases.ts';

/** The room as compose opens it, but that it looks for news only when told, and what it knows is never too old. */
export async function openRevocations(
  { storage, clock, logger }: Pick<TestDatabase, 'storage' | 'clock'> & { readonly logger: Logger },
  messages: Messages = SILENT,
): Promise<Revocations> {
  const revocations = createRevocations({
    storage,
    messages,
    now: clock.now,
    monotonicMs: () => 0,
    random: systemRandom,
    logger,
    pollIntervalMs: 3_600_000,
  });
  await revocations.start();
  return revocations;
}

const SILENT: Messages = { publish: () => undefined, subscribe: () => undefined };
