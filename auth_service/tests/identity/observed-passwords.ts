import { createPasswords, type Passwords } from '#identity';

export interface ObservedPasswords extends Passwords {
  /** Hashes worked out so far. */
  count(): number;
  /** Does something once, after the next hash was worked out and before anybody acts on it. */
  afterNext(work: () => Promise<unknown>): void;
}

/** The real ones, watched. */
export function observePasswords(settings = { concurrency: 2, waiting: 256 }): ObservedPasswords {
  let hashes = 0;
  let next: (() => Promise<unknown>) | null = null;
  const passwords = createPasswords({
    ...settings,
    onHash: () => {
      hashes += 1;
    },
  });

  async function then<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    const meanwhile = next;
    next = null;
    await meanwhile?.();
    return result;
  }

  return {
    hash: (password) => then(passwords.hash(password)),
    verify: (password, hash) => then(passwords.verify(password, hash)),
    queueDepth: passwords.queueDepth,
    count: () => hashes,
    afterNext(work) {
      next = work;
    },
  };
}
