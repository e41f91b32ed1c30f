import { parseArgs } from 'node:util';

export interface Options {
  readonly seconds: number;
  /** Requests in a second, over all replicas. */
  readonly rate: number;
  /** Of an empty database; null: a cluster to throw away is started. */
  readonly databaseUrl: string | null;
}

export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string', default: '600' },
      rate: { type: 'string', default: '120' },
      database: { type: 'string' },
    },
  });
  return {
    seconds: wholeNumber('seconds', values.seconds, 20, 86_400),
    rate: wholeNumber('rate', values.rate, 1, 2_000),
    databaseUrl: values.database ?? null,
  };
}

function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw new Error(`--${name} is a whole number from ${from} to ${to}`);
}
