import { Refusal } from './refusal.ts';

const WINDOW_MS = 300_000;

/** Counts by endpoint and address, over the five minutes past. */
export function createRequestLimit(limit: number | undefined, now: () => Date) {
  const times = new Map<string, number[]>();
  return (endpoint: string, address: string): void => {
    if (limit === undefined) return;
    const key = `${endpoint} ${address}`;
    const at = now().getTime();
    const recent = (times.get(key) ?? []).filter((time) => time > at - WINDOW_MS);
    if (recent.length >= limit) {
      throw new Refusal(429, 'over_request_rate_limit', 'Request rate limit reached');
    }
    times.set(key, [...recent, at]);
  };
}
