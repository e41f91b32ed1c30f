import type { Random } from '#crypto';
import type { Logger } from '#observability';
import type { Storage } from '#storage';
import { createBatchWriter } from './batch-writer.ts';
import { eventOf } from './event.ts';
import { createEventBuffer } from './event-buffer.ts';
import type { Audit, AuditInput } from './index.ts';
import { createPartitionTimer } from './partition-timer.ts';

export interface AuditDependencies {
  readonly storage: Pick<Storage, 'auditEvents'>;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly random: Pick<Random, 'uuid'>;
  /** How late an enqueued event may be stored. Default 1000. */
  readonly flushIntervalMs?: number;
  /** Enqueued events kept while the database is away. Default 50 000. */
  readonly capacity?: number;
  /** How long `close` tries. Default 5000. */
  readonly closeTimeoutMs?: number;
}

export function createAudit(dependencies: AuditDependencies): Audit {
  const { storage, logger, now, random } = dependencies;
  const buffer = createEventBuffer({
    writer: createBatchWriter((events) => storage.auditEvents.insertMany(events), logger),
    logger,
    flushIntervalMs: dependencies.flushIntervalMs ?? 1000,
    capacity: dependencies.capacity ?? 50_000,
    closeTimeoutMs: dependencies.closeTimeoutMs ?? 5000,
  });
  const partitions = createPartitionTimer({ storage, logger, now });
  const complete = (input: AuditInput) => eventOf(input, random.uuid(), now());

  return {
    async record(stores, input) {
      await stores.auditEvents.insertMany([complete(input)]);
    },
    enqueue: (input) => buffer.add(complete(input)),
    list: (query) => storage.auditEvents.list(query),
    flush: buffer.flush,
    start: partitions.start,
    async close() {
      partitions.stop();
      await buffer.close();
    },
  };
}
