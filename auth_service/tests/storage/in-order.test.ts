import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { createInOrder } from '../../src/storage/in-order.ts';
import { describeOn, describeOnEachDatabase } from '../support/databases.ts';
import { roleNamed } from './builders.ts';

describeOnEachDatabase('transactions under a lock', (open) => {
  it('come one after the other, in the order of coming, whatever becomes of those before', async () => {
    const { storage } = await open();
    const order: string[] = [];
    const all = ['a', 'b', 'c'].map((name) =>
      storage.transactionUnder('a lock', async (stores) => {
        order.push(`${name} begins`);
        await stores.roles.insert(roleNamed(`role-${name}`));
        order.push(`${name} ends`);
        if (name === 'b') throw new Error('not b');
      }),
    );
    const answers = await Promise.allSettled(all);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    assert.equal(await storage.roles.findByName('role-b'), null);
  });
});

describeOn('postgres', 'who waits for a transaction under a lock', (open) => {
  it('holds no connection meanwhile, and waits for other processes as well', async () => {
    const { storage, openAnother } = await open();
    const other = await openAnother();
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holder = other.transactionUnder('a lock', async () => {
      held.resolve();
      await release.promise;
    });
    await held.promise;
    let done = 0;
    // Three times as many as there are connections.
    const waiting = Array.from({ length: 30 }, () =>
      storage.transactionUnder('a lock', async () => {
        done += 1;
      }),
    );
    for (let n = 0; n < 20; n += 1) await storage.roles.findByName('nobody');
    assert.equal(done, 0);
    release.resolve();
    await Promise.all([holder, ...waiting]);
    assert.equal(done, 30);
  });

  it('is sent away after too long', async () => {
    const inOrder = createInOrder({ longestWaitMs: 0 });
    const first = Promise.withResolvers<void>();
    const before = inOrder('name', () => first.promise);
    const late = inOrder('name', async () => assert.fail('it was too late'));
    const refused = assert.rejects(late, (error) => isServiceError(error, 'database_unavailable'));
    const beside = await inOrder('another name', async () => 'not kept waiting');
    assert.equal(beside, 'not kept waiting');
    setTimeout(first.resolve, 20);
    await before;
    await refused;
  });
});
