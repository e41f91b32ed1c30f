import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KvBackend, OpenKvs } from './backend.ts';

/** What `once` guarantees everywhere. */
export function describeMarks({ name, pass }: KvBackend, open: OpenKvs): void {
  describe(`marks on ${name}`, () => {
    it('are set once until they end', async () => {
      const kv = await open();
      assert.deepEqual([await kv.once('jti', 10), await kv.once('jti', 10)], [true, false]);
      assert.equal(await kv.once('other', 10), true);
      await pass(9_000);
      assert.equal(await kv.once('jti', 60), false);
      await pass(1_100);
      assert.equal(await kv.once('jti', 10), true);
    });

    it('are set by one of all who come at once', async () => {
      const kv = await open();
      const answers = await Promise.all(Array.from({ length: 100 }, () => kv.once('jti', 10)));
      assert.equal(answers.filter((isFirst) => isFirst === true).length, 1);
      assert.equal(answers.filter((isFirst) => isFirst === false).length, 99);
    });

    it('are no counters, whatever their names', async () => {
      const kv = await open();
      assert.equal(await kv.once('a', 10), true);
      const rate = { limit: 1, windowSeconds: 10 };
      assert.equal((await kv.limiter('once', rate).consume('a')).allowed, true);
      assert.equal(await kv.once('__proto__', 10), true);
    });
  });
}
