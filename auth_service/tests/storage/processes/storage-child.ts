/** Runs in a process of its own, driven by `storage-process.ts`: opens a storage and does what it is told. */
import type { Config } from '#config';
import { openStorage, type Storage } from '#storage';
import { createRecordingLogger } from '../../support/recording-logger.ts';
import { roleNamed } from '../builders.ts';

export type Order =
  | { readonly do: 'open'; readonly config: Config['database']; readonly mode: 'serve' | 'command' }
  | { readonly do: 'migrate' }
  | { readonly do: 'insert'; readonly name: string }
  /** In a transaction that then waits for `commit`. */
  | { readonly do: 'hold'; readonly name: string }
  | { readonly do: 'commit' }
  /** Pairs of rows, each pair in a transaction, one after the other without an end; tells each that is committed. */
  | { readonly do: 'write'; readonly prefix: string }
  | { readonly do: 'close' };

let storage: Storage | undefined;
let release: () => void = () => {};
let held: Promise<void> | undefined;

async function obey(order: Order): Promise<unknown> {
  if (order.do === 'open') {
    const { config, mode } = order;
    storage = await openStorage({
      database: config,
      mode,
      logger: createRecordingLogger(),
      now: () => new Date(),
    });
    return null;
  }
  if (storage === undefined) throw new Error('nothing is open');
  if (order.do === 'migrate') return (await storage.migrations.up()).applied;
  if (order.do === 'insert') return await storage.roles.insert(roleNamed(order.name));
  if (order.do === 'hold') return await hold(storage, order.name);
  if (order.do === 'write') return await write(storage, order.prefix);
  if (order.do === 'commit') {
    release();
    return await held;
  }
  return await storage.close();
}

async function hold(open: Storage, name: string): Promise<void> {
  const waiting = Promise.withResolvers<void>();
  const inserted = Promise.withResolvers<void>();
  release = waiting.resolve;
  held = open.transaction(async ({ roles }) => {
    await roles.insert(roleNamed(name));
    inserted.resolve();
    await waiting.promise;
  });
  held.catch(() => {});
  await Promise.race([inserted.promise, held]);
}

async function write(open: Storage, prefix: string): Promise<never> {
  for (let number = 0; ; number += 1) {
    await open.transaction(async ({ roles, bootstrapMarks }) => {
      await roles.insert(roleNamed(`${prefix}-${number}`));
      await bootstrapMarks.set(`${prefix}-${number}`, new Date());
    });
    process.send?.({ written: number });
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    (value) => process.send?.({ id, value }),
    (error) => process.send?.({ id, error: { code: error.code, message: error.message } }),
  );
});
process.on('disconnect', () => process.exit());
