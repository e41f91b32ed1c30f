import { setTimeout as sleep } from 'node:timers/promises';

export const say = (line: string) => void process.stdout.write(`${line}\n`);

/** What was proven, and what was not. */
export interface Report {
  /** One thing that must be so. The first that is not ends the proof. */
  check(what: string, isSo: boolean, seen?: unknown): void;
  /** Something measured, for whoever reads. */
  measured(what: string, value: string): void;
  readonly count: number;
}

export function createReport(): Report {
  let count = 0;
  return {
    check(what, isSo, seen) {
      if (!isSo) throw new Error(`Not so: ${what}${seen === undefined ? '' : `\n${JSON.stringify(seen)}`}`);
      count += 1;
      say(`  ✔ ${what}`);
    },
    measured: (what, value) => say(`  · ${what}: ${value}`),
    get count() {
      return count;
    },
  };
}

/** The first answer that is not null. @throws Error when there is none within so many seconds. */
export async function awaited<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | null>,
  lastWords: () => Promise<string> = async () => '',
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look().catch(() => null);
    if (found !== null) return found;
    if (performance.now() > deadline) {
      throw new Error(`Waited ${seconds} s for nothing: ${what}\n${await lastWords()}`);
    }
    await sleep(50);
  }
}
