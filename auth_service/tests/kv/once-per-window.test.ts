import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOncePerWindow } from '#kv';

test('a key is first once per window', () => {
  let ms = 0;
  const isFirst = createOncePerWindow(() => new Date(ms));
  assert.deepEqual([isFirst('a', 10), isFirst('a', 10), isFirst('b', 10)], [true, false, true]);
  ms = 9_999;
  assert.equal(isFirst('a', 10), false);
  ms = 10_000;
  assert.deepEqual([isFirst('a', 10), isFirst('a', 10)], [true, false]);
});

test('beyond ten thousand keys the oldest are forgotten, the newest are not', () => {
  const isFirst = createOncePerWindow(() => new Date(0));
  for (let n = 0; n <= 10_000; n += 1) isFirst(String(n), 10);
  assert.equal(isFirst('10000', 10), false);
  assert.equal(isFirst('0', 10), true);
});
