import bcrypt from 'bcrypt';
import { sha256 } from '#crypto';
import { ServiceError } from '#errors';

/** bcrypt reads no further: two secrets that agree so far would count as one. */
const BCRYPT_READS_BYTES = 72;
/** libuv has four threads, which files and name look-ups share. */
const AT_ONCE = 2;
const WAITING_AT_MOST = 100;

export const BCRYPT_HASH = /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/;

/**
 * Checks secrets against imported hashes in the thread pool, a few at once. Equal checks under way share one run:
 * a fleet that starts at once comes with the same secret many times.
 * @throws ServiceError `rate_limited` when too many wait.
 */
export function createBcryptCheck(): (secret: string, hash: string) => Promise<boolean> {
  const takeTurn = createTurns();
  const running = new Map<string, Promise<boolean>>();

  return (secret, hash) => {
    if (Buffer.byteLength(secret) > BCRYPT_READS_BYTES) return Promise.resolve(false);
    const key = `${hash}:${sha256(secret).toString('base64')}`;
    const known = running.get(key);
    if (known) return known;
    // `2y` is what PHP calls `2b`; the package knows only the latter name.
    const check = takeTurn(() => bcrypt.compare(secret, hash.replace(/^\$2y\$/, '$2b$')));
    running.set(key, check);
    return check.finally(() => running.delete(key));
  };
}

function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let atWork = 0;

  return async (work) => {
    if (atWork < AT_ONCE) atWork += 1;
    else if (waiting.length >= WAITING_AT_MOST) {
      throw new ServiceError('rate_limited', undefined, { retryAfterSeconds: 1 });
    } else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else atWork -= 1;
    }
  };
}
