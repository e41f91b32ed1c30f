import { hash as hashArgon2, verify as verifyArgon2 } from '@node-rs/argon2';
import { createHashingQueue } from './hashing-queue.ts';
import { readImportedHash } from './imported-hash.ts';

export interface Passwords {
  /** @throws ServiceError `overloaded`. */
  hash(password: string): Promise<string>;
  /**
   * @param hash null where there is no account or no password; then, and for a text that is no hash that can be read,
   *   the same work is done for nothing.
   * @throws ServiceError `overloaded`.
   */
  verify(password: string, hash: string | null): Promise<PasswordVerdict>;
  /** Hashes running and waiting. */
  queueDepth(): number;
}

export interface PasswordVerdict {
  readonly matches: boolean;
  /** The hash is of another kind or has other parameters than those made today: all cost the same to check. */
  readonly needsUpgrade: boolean;
}

/** argon2id with 19 MiB, two passes, one lane: OWASP Password Storage Cheat Sheet, the recommended set. */
const ARGON2ID = 2;
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const CURRENT = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

/** Of 32 random bytes that were thrown away, with the parameters above. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$CNHPhZN5gTp6ik0c8oQOQw$0bjoH4IFy1JXkNgpBlunDka9T5Fie2GsAGSguEaA8V8';

export interface PasswordsDependencies {
  /** Hashes at a time; each takes a thread and 19 MiB. */
  readonly concurrency: number;
  /** How many may wait for their turn before the answer is `overloaded`. */
  readonly waiting: number;
  /** Called once for each hash that is worked out; for tests that count them. */
  readonly onHash?: () => void;
}

export function createPasswords(dependencies: PasswordsDependencies): Passwords {
  const queue = createHashingQueue(dependencies);

  function work<T>(hashing: () => Promise<T>): Promise<T> {
    return queue.run(() => {
      dependencies.onHash?.();
      return hashing();
    });
  }

  return {
    hash: (password) => work(() => hashArgon2(password, PARAMETERS)),
    async verify(password, stored) {
      const matches = stored === null ? null : (readArgon2(stored) ?? readImportedHash(stored));
      if (stored === null || matches === null) {
        await work(() => verifyArgon2(NOBODYS_HASH, password));
        return { matches: false, needsUpgrade: false };
      }
      return { matches: await work(() => matches(password)), needsUpgrade: !CURRENT.test(stored) };
    },
    queueDepth: () => queue.depth(),
  };
}

const ARGON2 = /^\$argon2(?:id|i|d)\$(?:v=\d+\$)?m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

function readArgon2(hash: string): ((password: string) => Promise<boolean>) | null {
  if (!ARGON2.test(hash)) return null;
  // Parameters that argon2 does not take match nothing.
  return (password) => verifyArgon2(hash, password).catch(() => false);
}
