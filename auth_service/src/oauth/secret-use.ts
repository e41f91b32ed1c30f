import { LRUCache } from 'lru-cache';
import { errorContext, type Logger } from '#observability';
import type { ClientSecret, Storage } from '#storage';

/** How exact `last_used_at` is: whoever rotates secrets looks at days. */
const ONCE_PER_MS = 60_000;
const SECRETS_AT_MOST = 10_000;
const WRITE_INTERVAL_MS = 1_000;

export interface SecretUse {
  /** Takes at once that the secret was used; at most once a minute for each is it written, together with others. */
  note(secret: Pick<ClientSecret, 'id' | 'lastUsedAt'>): void;
  /** Writes what was noted. Never rejects: a use that cannot be written is only one that is not shown. */
  flush(): Promise<void>;
}

export function createSecretUse({
  storage,
  now,
  logger,
  writeIntervalMs = WRITE_INTERVAL_MS,
}: {
  readonly storage: Pick<Storage, 'clientSecrets'>;
  readonly now: () => Date;
  readonly logger: Logger;
  /** How late a use may be written. Default 1000. */
  readonly writeIntervalMs?: number | undefined;
}): SecretUse {
  const noted = new LRUCache<string, number>({ max: SECRETS_AT_MOST });
  const pending = new Map<string, Date>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (pending.size === 0) return;
    const uses = [...pending].map(([id, at]) => ({ id, at }));
    pending.clear();
    try {
      await storage.clientSecrets.recordUse(uses);
    } catch (error) {
      logger.debug('when secrets were last used could not be written', { error: errorContext(error) });
    }
  }

  return {
    note({ id, lastUsedAt }) {
      const at = now();
      const last = Math.max(noted.get(id) ?? 0, lastUsedAt?.getTime() ?? 0);
      if (at.getTime() - last < ONCE_PER_MS) return;
      noted.set(id, at.getTime());
      pending.set(id, at);
      timer ??= setTimeout(flush, writeIntervalMs).unref();
    },
    flush,
  };
}
