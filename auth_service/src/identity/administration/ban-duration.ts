import { ServiceError } from '#errors';

/** GoTrue's word for a ban without end. */
export const FOR_EVER = '876000h';

const PART = String.raw`(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(ns|us|µs|μs|ms|s|m|h)`;
const DURATION = new RegExp(`^(?:${PART})+$`);
const LONGEST_TEXT = 100;
const HOUR_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: HOUR_MS,
};
const SHORTEST_MS = 1000;
/** What Go's own durations end at, in whole hours: some 292 years. */
const LONGEST_MS = 2_562_047 * HOUR_MS;

/**
 * Go's spelling of a duration (`time.ParseDuration`), in which GoTrue takes it: `24h`, `1h30m`.
 * @returns milliseconds
 * @throws ServiceError `validation_failed` naming the field `ban_duration`.
 */
export function readBanDuration(text: string): number {
  const isDuration = text.length <= LONGEST_TEXT && DURATION.test(text);
  const parts = isDuration ? [...text.matchAll(new RegExp(PART, 'g'))] : [];
  const duration = parts.reduce(
    (sum, [, count = '', unit = '']) => sum + Number(count) * (UNITS_MS[unit] ?? 0),
    0,
  );
  if (duration >= SHORTEST_MS && duration <= LONGEST_MS) return duration;
  const message = `It is a duration such as 24h or 1h30m, from 1s to ${FOR_EVER}, which is for ever.`;
  throw new ServiceError('validation_failed', undefined, { fields: [{ field: 'ban_duration', message }] });
}
