import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createKv } from '#kv';
import { createLogger } from '#observability';
import { describeLimits } from './limits.suite.ts';

function openWithLog(maxKeys?: number) {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'DEBUG',
    environment: 'testing',
    pretty: false,
    write: (line) => void lines.push(line),
  });
  return { kv: createKv({ logger, ...(maxKeys === undefined ? {} : { maxKeys }) }), lines };
}

beforeEach(() => mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.UTC(2026, 1, 3) }));
afterEach(() => mock.timers.reset());

describeLimits({
  name: 'memory',
  open: async () => openWithLog().kv,
  pass: async (milliseconds) => mock.timers.tick(milliseconds),
});

describe('memory under a flood of keys', () => {
  const rate = { limit: 1, windowSeconds: 10 };

  it('forgets the oldest window first and says so once in a window', async () => {
    const { kv, lines } = openWithLog(3);
    const limiter = kv.limiter('login', rate);
    for (const key of ['a', 'b', 'c', 'd', 'e']) await limiter.consume(key);
    const isOpen = async (key: string) => !(await limiter.peek(key)).allowed;
    assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(isOpen)), [
      false,
      false,
      true,
      true,
      true,
    ]);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /"level":"WARNING".*"limit":"login"/);
    mock.timers.tick(10_001);
    for (const key of ['f', 'g', 'h', 'i']) await limiter.consume(key);
    assert.equal(lines.length, 2);
  });

  it('keeps a key that came back over those that only came before it, and is silent about ended windows', async () => {
    const { kv, lines } = openWithLog(2);
    const limiter = kv.limiter('login', rate);
    await limiter.consume('back');
    await limiter.consume('gone');
    mock.timers.tick(10_001);
    await limiter.consume('back');
    await limiter.consume('new');
    assert.equal((await limiter.peek('back')).allowed, false);
    assert.deepEqual(lines, []);
  });
});
