/** Tells the story on standard output and keeps count: what was expected, what came, and whether it was the same. */
import { styleText } from 'node:util';

export interface Narrator {
  chapter(title: string): void;
  note(text: string): void;
  /** One step. Says what came where it is as expected, both where it is not. Returns whether it was. */
  step(what: string, expected: string, got: string): boolean;
  readonly steps: number;
  readonly failed: readonly string[];
}

export function createNarrator(write: (line: string) => void): Narrator {
  const failed: string[] = [];
  let steps = 0;
  let current = '';

  return {
    chapter(title) {
      current = title;
      write(`\n${styleText('bold', title, { stream: process.stdout })}`);
    },
    note: (text) => write(styleText('dim', `  ${text}`, { stream: process.stdout })),
    step(what, expected, got) {
      steps += 1;
      const right = expected === got;
      const mark = styleText(right ? 'green' : 'red', right ? '✓' : '✗', { stream: process.stdout });
      write(`  ${mark} ${what.padEnd(64)} ${right ? got : `expected ${expected}, got ${got}`}`);
      if (!right) failed.push(`${current}: ${what}`);
      return right;
    },
    get steps() {
      return steps;
    },
    failed,
  };
}
