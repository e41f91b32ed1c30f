export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Does one thing after the other, as GoTrue's row locks do for what concerns one user.
 * @param afterwards follows each of them, also where it failed
 */
export function createTurns(afterwards: () => Promise<void> | undefined): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(async () => {
      try {
        return await work();
      } finally {
        await afterwards();
      }
    });
    last = turn.catch(() => {});
    return turn;
  };
}
