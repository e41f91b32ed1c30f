import { afterEach } from 'node:test';
import type { Kv } from '#kv';

export interface KvBackend {
  readonly name: string;
  /** A kv on a store that others of the same test share, and nobody else. */
  open(): Promise<Kv>;
  /** Lets so much time pass for the store. */
  pass(milliseconds: number): Promise<void>;
  /** Forgets everything, after each test. */
  empty?(): Promise<void>;
}

/** Opens one that is closed with the test. */
export type OpenKvs = () => Promise<Kv>;

export function closingBehind({ open, empty }: KvBackend): OpenKvs {
  const opened: Kv[] = [];
  afterEach(async () => {
    for (const kv of opened.splice(0)) await kv.close();
    await empty?.();
  });
  return async () => {
    const kv = await open();
    opened.push(kv);
    return kv;
  };
}
