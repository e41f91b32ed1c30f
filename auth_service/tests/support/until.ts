import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for what happens by itself; the runner's own limit ends it. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
