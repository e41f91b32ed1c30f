/**
 * Who may use the one session that PGlite has. In turn: the server's own statements and transactions, and the units
 * of work of those who come through the socket.
 */
export interface Gate {
  /** @returns leave, which may be called twice. Rejects with what `refusal` makes after `timeoutMs`. */
  enter(timeoutMs: number, refusal: () => Error): Promise<() => void>;
}

export function createGate(): Gate {
  const waiting: (() => void)[] = [];
  let isTaken = false;

  function passOn(): void {
    const next = waiting.shift();
    if (next === undefined) isTaken = false;
    else next();
  }

  function takenPass(): () => void {
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      passOn();
    };
  }

  return {
    enter(timeoutMs, refusal) {
      if (!isTaken) {
        isTaken = true;
        return Promise.resolve(takenPass());
      }
      return new Promise((resolve, reject) => {
        const admit = () => {
          clearTimeout(timer);
          resolve(takenPass());
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(admit), 1);
          reject(refusal());
        }, timeoutMs);
        waiting.push(admit);
      });
    },
  };
}
