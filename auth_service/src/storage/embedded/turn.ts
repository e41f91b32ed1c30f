import type { Gate } from './gate.ts';

export interface TurnLimits {
  /** How long a unit of work may wait for its turn. */
  readonly turnTimeoutMs: number;
  /** How long a client may keep its turn without a word, as in the middle of a transaction. */
  readonly silenceTimeoutMs: number;
  /** How long one unit of work may take in all. */
  readonly unitTimeoutMs: number;
}

/** One client's turn at the gate, bounded by its limits. */
export interface Turn {
  readonly isHeld: boolean;
  /** Waits for it where it is not held yet. */
  take(): Promise<void>;
  /** The client has its answer, and must go on within its time. */
  awaitMore(): void;
  giveBack(): void;
}

/** @param onOverstay called when the client keeps its turn too long; whoever is told gives it back. */
export function createTurn(gate: Gate, limits: TurnLimits, onOverstay: (reason: string) => void): Turn {
  let leave: (() => void) | null = null;
  let unitTimer: NodeJS.Timeout | undefined;
  let silenceTimer: NodeJS.Timeout | undefined;
  const tooLate = () => new Error('The database was busy for too long.');

  return {
    get isHeld() {
      return leave !== null;
    },
    async take() {
      clearTimeout(silenceTimer);
      if (leave !== null) return;
      leave = await gate.enter(limits.turnTimeoutMs, tooLate);
      unitTimer = setTimeout(() => onOverstay('its work took too long'), limits.unitTimeoutMs);
    },
    awaitMore() {
      silenceTimer = setTimeout(() => onOverstay('it said nothing for too long'), limits.silenceTimeoutMs);
    },
    giveBack() {
      clearTimeout(unitTimer);
      clearTimeout(silenceTimer);
      leave?.();
      leave = null;
    },
  };
}
