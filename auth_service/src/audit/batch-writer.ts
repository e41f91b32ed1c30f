import { isServiceError } from '#errors';
import type { Logger } from '#observability';
import type { AuditEvent } from '#storage';
import { writeToLog } from './last-resort.ts';

/** Tries of a batch that fails for another reason than the database or its schema not being there. */
const MAX_TRIES = 3;

export type StoreEvents = (events: readonly AuditEvent[]) => Promise<void>;

export interface BatchWriter {
  /** Stores the batch and empties it; what is left in it when this throws should be tried again. */
  write(batch: AuditEvent[]): Promise<void>;
  /** The newest try failed. */
  isFailing(): boolean;
}

/**
 * An outage is waited for without end. A batch the database refuses is taken apart after some tries, so that one event
 * that cannot be stored does not hold up the others; that one goes to the log.
 */
export function createBatchWriter(store: StoreEvents, logger: Logger): BatchWriter {
  let failures = 0;

  async function write(batch: AuditEvent[]): Promise<void> {
    try {
      await store(batch);
      batch.length = 0;
    } catch (error) {
      if (mayPass(error)) throw error;
      await writeOneByOne(batch);
    }
  }

  function mayPass(error: unknown): boolean {
    if (isServiceError(error, 'validation_failed')) return false;
    return isAway(error) || failures + 1 < MAX_TRIES;
  }

  async function writeOneByOne(batch: AuditEvent[]): Promise<void> {
    for (let event = batch[0]; event !== undefined; event = batch[0]) {
      try {
        await store([event]);
      } catch (error) {
        if (isAway(error)) throw error;
        writeToLog([event], logger, error);
      }
      batch.shift();
    }
  }

  return {
    async write(batch) {
      try {
        await write(batch);
      } catch (error) {
        failures += 1;
        if (failures === 1) logger.warning('Audit events wait to be stored', { error });
        throw error;
      }
      if (failures > 0) logger.info('Audit events are stored again');
      failures = 0;
    },
    isFailing: () => failures > 0,
  };
}

function isAway(error: unknown): boolean {
  return isServiceError(error, 'database_unavailable') || isServiceError(error, 'schema_behind');
}
