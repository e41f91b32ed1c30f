import { randomBytes, randomUUID } from 'node:crypto';

export interface Random {
  bytes(count: number): Buffer;
  /** UUID version 7 (RFC 9562 §5.7). Those of one source sort in the order they were made. */
  uuid(): string;
  /** Base64url text of so many random bytes, 32 (256 bits) unless told. */
  token(byteCount?: number): string;
}

/** @param now only the milliseconds in `uuid` come from it. */
export function createRandom(now: () => Date): Random {
  return {
    bytes: (count) => randomBytes(count),
    uuid: createUuidSource(now),
    token: (byteCount = 32) => randomBytes(byteCount).toString('base64url'),
  };
}

export const systemRandom: Random = createRandom(() => new Date());

// RFC 9562 §6.2, method 1: rand_a is a counter, which starts in its lower half so that it has room to rise.
function createUuidSource(now: () => Date): () => string {
  let lastMs = 0;
  let counter = 0;
  return () => {
    // The last 16 digits of version 4 are the variant and 62 random bits, just as version 7 wants them, and Node keeps
    // a pool of them: far cheaper than asking for the bytes.
    const version4 = randomUUID();
    const nowMs = now().getTime();
    if (nowMs > lastMs) {
      lastMs = nowMs;
      counter = Number.parseInt(version4.slice(0, 3), 16) & 0x7ff;
    } else if (counter < 0xfff) {
      counter += 1;
    } else {
      // More than the counter holds in one millisecond, or a clock that was set back: borrow from the future.
      lastMs += 1;
      counter = 0;
    }
    const time = lastMs.toString(16).padStart(12, '0');
    const count = counter.toString(16).padStart(3, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${version4.slice(19)}`;
  };
}
