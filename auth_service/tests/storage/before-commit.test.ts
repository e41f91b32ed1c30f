import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { roleNamed } from './builders.ts';

describeOnEachDatabase('what is done just before a commit', (open) => {
  it('comes after all else, in its order, within the transaction, and before what follows the commit', async () => {
    const { storage } = await open();
    const order: string[] = [];
    const result = await storage.transaction(async (stores) => {
      stores.afterCommit(() => void order.push('after'));
      stores.beforeCommit(async () => {
        order.push('first');
        await stores.roles.insert(roleNamed('made-at-the-end'));
      });
      stores.beforeCommit(async () => void order.push('second'));
      order.push('work');
      return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual(order, ['work', 'first', 'second', 'after']);
    assert.notEqual(await storage.roles.findByName('made-at-the-end'), null);
  });

  it('rolls all back when it fails, and what comes after it is not done', async () => {
    const { storage } = await open();
    const order: string[] = [];
    const failing = storage.transaction(async (stores) => {
      await stores.roles.insert(roleNamed('not-to-be'));
      stores.afterCommit(() => void order.push('after'));
      stores.beforeCommit(async () => {
        throw new Error('elsewhere it went wrong');
      });
      stores.beforeCommit(async () => void order.push('second'));
    });
    await assert.rejects(failing, /elsewhere it went wrong/);
    assert.deepEqual(order, []);
    assert.equal(await storage.roles.findByName('not-to-be'), null);
  });

  it('is not done at all when the work fails', async () => {
    const { storage } = await open();
    let done = false;
    const failing = storage.transaction(async (stores) => {
      stores.beforeCommit(async () => {
        done = true;
      });
      throw new Error('the work went wrong');
    });
    await assert.rejects(failing, /the work went wrong/);
    assert.equal(done, false);
  });
});
