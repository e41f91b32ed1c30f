import type { Parser } from './parser.ts';

export interface RateLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** What `20/minute` or `off` means; null for what means nothing. */
export function readRateLimit(text: string): RateLimit | 'off' | null {
  const parsed = rateLimit.parse(text);
  return 'value' in parsed ? parsed.value : null;
}

/** `N/second|minute|hour|day` (plural too); `off` comes out as 'off'. */
export const rateLimit: Parser<RateLimit | 'off'> = {
  form: 'a limit such as 20/minute (second, minute, hour or day), or off',
  parse(text) {
    if (text.toLowerCase() === 'off') return { value: 'off' };
    const [, count, unit] = /^(\d{1,7})\s*\/\s*(second|minute|hour|day)s?$/i.exec(text) ?? [];
    const windowSeconds = SECONDS[unit?.toLowerCase() ?? ''];
    if (count === undefined || windowSeconds === undefined) {
      return { problem: 'is not a limit such as 20/minute' };
    }
    const limit = Number(count);
    if (limit === 0) return { problem: 'would let nobody in', remedy: 'Write off to switch the limit off.' };
    return { value: { limit, windowSeconds } };
  },
};
