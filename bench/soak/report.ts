import { say } from '../service.ts';
import type { Compared } from './ledger.ts';
import type { Tally } from './load.ts';
import type { Grown } from './memory.ts';

export function reportLoad(tallies: ReadonlyMap<string, Tally>): void {
  say('                      sent    right  excused    wrong   p50 ms   p99 ms   max ms');
  for (const [name, { sent, right, excused, wrong, tookMs, examples }] of tallies) {
    const sorted = tookMs.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
    const times = [at(0.5), at(0.99), at(1)].map((value) => value.toFixed(0));
    say(row(name, [sent, right, excused, wrong, ...times]));
    for (const example of examples) say(`    ${example}`);
  }
  const seconds = new Set([...tallies.values()].flatMap(({ wrongSeconds }) => [...wrongSeconds]));
  if (seconds.size > 0) say(`  wrong in the seconds ${[...seconds].sort((a, b) => a - b).join(' ')}`);
}

export function reportWrites(compared: readonly Compared[]): void {
  say('                      acknowledged  missing');
  for (const { write, acknowledged, missing } of compared) {
    say(`  ${write.padEnd(18)}  ${String(acknowledged).padStart(12)}  ${String(missing.length).padStart(7)}`);
    for (const key of missing.slice(0, 3)) say(`    not there: ${key}`);
  }
}

export function reportMemory(grown: readonly Grown[]): void {
  say('  resident MB            first     last    slope   growth  allowed');
  for (const [index, { first, last, slope, grownBy, allowed }] of grown.entries()) {
    const values = [first, last, slope, grownBy, allowed].map((value) => value.toFixed(1));
    say(row(`replica ${index + 1}`, values));
  }
}

function row(name: string, values: readonly (number | string)[]): string {
  return `  ${name.padEnd(16)}${values.map((value) => String(value).padStart(9)).join('')}`;
}
