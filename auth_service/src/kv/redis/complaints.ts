import type { RedisConfig } from '#config';
import type { Logger } from '#observability';

/** What passes by itself: Redis starts, fails over, or has no room at the moment. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|MISCONF|MOVED|ASK)\b/;
const LONGEST = 200;

export interface Complaints {
  /** What may be told of an error. */
  describe(error: unknown): string;
  /** Says, once for each cause, when Redis answered that it does not want us: waiting does not mend that. */
  complain(error: unknown): void;
  /** It is mended; if it comes back it is said again. */
  settle(): void;
}

export function createComplaints(config: RedisConfig, logger: Logger): Complaints {
  const secrets = [config.password, config.sentinel.password].filter((secret) => secret !== null);
  const complained = new Set<string>();

  function describe(error: unknown): string {
    if (!(error instanceof Error)) return 'unknown';
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    // Redis quotes commands that it does not know, with the password that is in them.
    let text = (error.message || code).replace(/,? with args beginning with.*$/s, '');
    for (const secret of secrets) text = text.replaceAll(secret, '***');
    return text.slice(0, LONGEST);
  }

  return {
    describe,
    complain(error) {
      const reason = describe(error);
      if (!isRefusal(error) || complained.has(reason)) return;
      complained.add(reason);
      logger.error('Redis refuses this service: check user, password and database in REDIS_URL', { reason });
    },
    settle: () => complained.clear(),
  };
}

function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : error;
  return cause instanceof Error && cause.name === 'ReplyError' && !PASSING.test(cause.message);
}
