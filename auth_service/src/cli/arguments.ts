import { InvalidArgumentError } from 'commander';
import type { Page } from '#storage';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the API's lists allow at once. */
const LARGEST_PAGE = 200;

export function uuid(text: string): string {
  if (!UUID.test(text)) throw new InvalidArgumentError('It must be a UUID.');
  return text.toLowerCase();
}

export function wholeNumber(range: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= range.min && value <= range.max)) {
      throw new InvalidArgumentError(`It must be a whole number from ${range.min} to ${range.max}.`);
    }
    return value;
  };
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** @returns milliseconds */
export function duration(text: string): number {
  const [, number, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  if (number === undefined)
    throw new InvalidArgumentError('It must be a number with a unit, as in 30m, 24h or 7d.');
  return Number(number) * SECONDS[unit as keyof typeof SECONDS] * 1000;
}

/** For an option that may stand several times. */
export function collect(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** Everything a list holds, page by page. */
export async function listAll<Thing>(
  list: (page: Pick<Page, 'limit' | 'offset'>) => Promise<{ items: Thing[]; count: number }>,
): Promise<Thing[]> {
  const all: Thing[] = [];
  for (;;) {
    const { items, count } = await list({ limit: LARGEST_PAGE, offset: all.length });
    all.push(...items);
    if (items.length === 0 || all.length >= count) return all;
  }
}
