import { join } from 'node:path';

/** What is frozen there is a contract: `node --test --test-update-snapshots` writes it anew, and the diff is looked at. */
export function frozenPath(name: string): string {
  return join(import.meta.dirname, '..', 'snapshots', `${name}.json`);
}

export const asJsonFile = { serializers: [(value: unknown) => `${JSON.stringify(value, null, 2)}\n`] };
