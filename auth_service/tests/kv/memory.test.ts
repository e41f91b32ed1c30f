import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createKv } from '#kv';
import { createLogger } from '#observability';
import { closingBehind, type KvBackend } from './backend.ts';
import { describeLimits } from './limits.suite.ts';
import { describeMarks } from './marks.suite.ts';
import { describeMessages } from './messages.suite.ts';

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

const backend: KvBackend = {
  name: 'memory',
  open: async () => openWithLog().kv,
  pass: async (milliseconds) => mock.timers.tick(milliseconds),
};

describe('in memory, on a clock of its own', () => {
  beforeEach(() => mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.UTC(2026, 1, 3) }));
  afterEach(() => mock.timers.reset());
  const open = closingBehind(backend);

  describeLimits(backend, open);
  describeMarks(backend, open);

  it('everything is forgotten when it closes', async () => {
    const kv = await open();
    const rate = { limit: 3, windowSeconds: 10 };
    await kv.limiter('login', rate).consume('a', 3);
    await kv.once('jti', 10);
    await kv.close();
    assert.equal((await kv.limiter('login', rate).peek('a')).remaining, 3);
    assert.equal(await kv.once('jti', 10), true);
  });

  it('a flood of keys forgets the oldest window first and says so once in a window', async () => {
    const { kv, lines } = openWithLog(3);
    const limiter = kv.limiter('login', { limit: 1, windowSeconds: 10 });
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

  it('a key that came back stays over those that only came before it, and ended windows go in silence', async () => {
    const { kv, lines } = openWithLog(2);
    const limiter = kv.limiter('login', { limit: 1, windowSeconds: 10 });
    await limiter.consume('back');
    await limiter.consume('gone');
    mock.timers.tick(10_001);
    await limiter.consume('back');
    await limiter.consume('new');
    assert.equal((await limiter.peek('back')).allowed, false);
    assert.deepEqual(lines, []);
  });

  it('a flood of marks forgets none that is in force: nobody can tell then', async () => {
    const { kv } = openWithLog(2);
    assert.deepEqual([await kv.once('a', 10), await kv.once('b', 20)], [true, true]);
    assert.deepEqual(
      [await kv.once('c', 10), await kv.once('a', 10), await kv.once('b', 10)],
      ['unavailable', false, false],
    );
    mock.timers.tick(10_001);
    assert.deepEqual([await kv.once('c', 10), await kv.once('b', 10)], [true, false]);
  });
});

describe('in memory', () => {
  const open = closingBehind(backend);
  describeMessages(backend, open);

  it('there is nothing to connect to, and nothing that fails', async () => {
    const kv = await open();
    await kv.connect();
    await kv.check();
  });
});
