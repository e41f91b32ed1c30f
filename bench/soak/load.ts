import { setTimeout as sleep } from 'node:timers/promises';
import type { Done, Share } from './deeds.ts';
import type { Send } from './request.ts';

const TICK_MS = 20;
/** Of one kind, in full; the others are counted. */
const SHOWN = 3;

export interface Tally {
  sent: number;
  right: number;
  /** 503 with `Retry-After` while PostgreSQL was away. */
  excused: number;
  wrong: number;
  readonly examples: string[];
  /** Of the run, in which something was wrong. */
  readonly wrongSeconds: Set<number>;
  readonly tookMs: number[];
}

export interface LoadOptions {
  readonly seconds: number;
  readonly rate: number;
  readonly shares: readonly Share[];
  /** One for each replica. */
  readonly sends: readonly Send[];
  readonly excuse: (startedAt: number, endedAt: number) => boolean;
}

/** At a rate that does not wait for answers, as callers do not wait for each other. */
export async function load(options: LoadOptions): Promise<Map<string, Tally>> {
  const { seconds, rate, shares, sends } = options;
  const tallies = new Map(shares.map(({ name }) => [name, emptyTally()]));
  const running = new Set<Promise<void>>();
  const startedAt = performance.now();
  let sent = 0;
  while (performance.now() - startedAt < seconds * 1000) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
    for (; sent < due; sent += 1) {
      const { name, deed } = choose(shares);
      const done = deed(sends[sent % sends.length] as Send);
      const tally = tallies.get(name);
      if (done === null || tally === undefined) continue;
      const counted: Promise<void> = done.then((each) => {
        count(tally, each, sent / rate, options.excuse);
        running.delete(counted);
      });
      running.add(counted);
    }
    await sleep(TICK_MS);
  }
  await Promise.all(running);
  return tallies;
}

function count(tally: Tally, { answer, isRight }: Done, second: number, excuse: LoadOptions['excuse']): void {
  const { status, retryAfter, startedAt, endedAt, fault, body } = answer;
  tally.sent += 1;
  tally.tookMs.push(endedAt - startedAt);
  if (isRight) tally.right += 1;
  else if (status === 503 && Number(retryAfter) > 0 && excuse(startedAt, endedAt)) tally.excused += 1;
  else {
    tally.wrong += 1;
    tally.wrongSeconds.add(Math.floor(second));
    const said = fault ?? JSON.stringify(body).slice(0, 160);
    if (tally.examples.length < SHOWN) tally.examples.push(`second ${second.toFixed(1)}: ${status} ${said}`);
  }
}

function choose(shares: readonly Share[]): Share {
  const all = shares.reduce((sum, { share }) => sum + share, 0);
  let left = Math.random() * all;
  for (const each of shares) {
    left -= each.share;
    if (left < 0) return each;
  }
  return shares[0] as Share;
}

function emptyTally(): Tally {
  return { sent: 0, right: 0, excused: 0, wrong: 0, examples: [], wrongSeconds: new Set(), tookMs: [] };
}
