import { type Finding, fault, ok, warning } from './findings.ts';

const NOTICED_MS = 5_000;
const HARMFUL_MS = 60_000;

/** A clock as it stood when ours said `at`. */
export interface Reading {
  readonly of: string;
  readonly time: Date;
  readonly at: Date;
  /** How finely it tells. */
  readonly withinMs: number;
}

export function judgeClocks(readings: readonly Reading[]): Finding | null {
  const [worst] = readings
    .map((reading) => ({ ...reading, offMs: offBy(reading) }))
    .sort((one, other) => Math.abs(other.offMs) - Math.abs(one.offMs));
  if (worst === undefined) return null;
  const { of, offMs } = worst;
  if (Math.abs(offMs) <= NOTICED_MS) return ok('clock', 'The clocks agree.');
  const seconds = Math.round(Math.abs(offMs) / 1000);
  const tell = Math.abs(offMs) > HARMFUL_MS ? fault : warning;
  return tell('clock', {
    detail: `The clock of ${of} is ${seconds} seconds ${offMs > 0 ? 'ahead of' : 'behind'} that of this service.`,
    cause:
      'One of the two hosts does not set its clock by the network. Tokens seem expired, or from the future.',
    remedy:
      'Switch time synchronisation on at both hosts (`timedatectl set-ntp true`), and compare with `date -u`.',
  });
}

/** Zero within what its clock leaves open. */
function offBy({ time, at, withinMs }: Reading): number {
  const early = time.getTime() - at.getTime();
  if (early > 0) return early;
  return Math.min(0, early + withinMs);
}
