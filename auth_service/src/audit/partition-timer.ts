import { errorContext, type Logger } from '#observability';
import type { Storage } from '#storage';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface PartitionTimer {
  start(): Promise<void>;
  stop(): void;
}

/** Partitions exist two months ahead, so a day on which preparing them fails does no harm. */
export function createPartitionTimer(dependencies: {
  storage: Pick<Storage, 'auditEvents'>;
  logger: Logger;
  now: () => Date;
}): PartitionTimer {
  const { storage, logger, now } = dependencies;
  let timer: NodeJS.Timeout | undefined;

  async function prepareAgain(): Promise<void> {
    try {
      await storage.auditEvents.ensurePartitions(now());
    } catch (error) {
      logger.error('The audit partitions of the coming months could not be prepared', {
        error: errorContext(error),
      });
    }
  }

  return {
    async start() {
      await storage.auditEvents.ensurePartitions(now());
      timer ??= setInterval(prepareAgain, DAY_MS).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
