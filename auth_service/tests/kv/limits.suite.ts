import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KvBackend, OpenKvs } from './backend.ts';

const RATE = { limit: 3, windowSeconds: 10 };

/** What every store of limits guarantees, wherever it keeps its counts. */
export function describeLimits({ name, pass }: KvBackend, open: OpenKvs): void {
  describe(`limits on ${name}`, () => {
    it('allow as many as the limit says, and count down', async () => {
      const limiter = (await open()).limiter('login', RATE);
      const states = [];
      for (let n = 0; n < 5; n++) states.push(await limiter.consume('a'));
      assert.deepEqual(
        states.map(({ allowed, remaining }) => [allowed, remaining]),
        [
          [true, 2],
          [true, 1],
          [true, 0],
          [false, 0],
          [false, 0],
        ],
      );
      assert.deepEqual(limiter.policy, { name: 'login', ...RATE });
      assert.equal(states[0]?.limit, 3);
      assert.equal(states[0]?.resetSeconds, 10);
    });

    it('peek tells the verdict of the next one and costs nothing', async () => {
      const limiter = (await open()).limiter('login', RATE);
      assert.deepEqual(await limiter.peek('a'), { allowed: true, limit: 3, remaining: 3, resetSeconds: 0 });
      await limiter.consume('a', 2);
      for (let n = 0; n < 5; n++) assert.equal((await limiter.peek('a')).remaining, 1);
      await limiter.consume('a');
      assert.deepEqual(await limiter.peek('a'), { allowed: false, limit: 3, remaining: 0, resetSeconds: 10 });
    });

    it('peek opens no window', async () => {
      const limiter = (await open()).limiter('login', RATE);
      await limiter.peek('a');
      await pass(5_000);
      assert.equal((await limiter.consume('a')).resetSeconds, 10);
    });

    it('end their window so long after its first request, whatever came later', async () => {
      const limiter = (await open()).limiter('login', RATE);
      await limiter.consume('a', 3);
      await pass(6_500);
      const refused = await limiter.consume('a');
      assert.deepEqual([refused.allowed, refused.resetSeconds], [false, 4]);
      await pass(2_500);
      assert.equal((await limiter.peek('a')).allowed, false);
      await pass(1_100);
      assert.equal((await limiter.peek('a')).remaining, 3);
      const fresh = await limiter.consume('a');
      assert.deepEqual([fresh.allowed, fresh.remaining, fresh.resetSeconds], [true, 2, 10]);
    });

    it('keep keys apart, and limits apart', async () => {
      const kv = await open();
      const login = kv.limiter('login', RATE);
      const token = kv.limiter('token', RATE);
      await login.consume('a', 3);
      assert.equal((await login.peek('b')).remaining, 3);
      assert.equal((await token.peek('a')).remaining, 3);
      for (const odd of ['__proto__', '', '2001:db8::/64', 'a b\r\nc{d}', 'ü']) {
        assert.equal((await login.consume(odd)).remaining, 2, odd);
      }
    });

    it('are one limit under one name and rate, and refuse a second rate', async () => {
      const kv = await open();
      await kv.limiter('login', RATE).consume('a', 3);
      assert.equal((await kv.limiter('login', { ...RATE }).peek('a')).allowed, false);
      assert.throws(() => kv.limiter('login', { limit: 4, windowSeconds: 10 }), /another rate/);
    });

    it('refuse a rate that cannot be kept', async () => {
      const kv = await open();
      const limiter = kv.limiter('login', RATE);
      for (const bad of [
        { limit: 0, windowSeconds: 1 },
        { limit: 1, windowSeconds: 0 },
        { limit: 1, windowSeconds: 0.5 },
        { limit: Number.NaN, windowSeconds: 1 },
        { limit: 1, windowSeconds: 1e9 },
      ]) {
        assert.throws(() => kv.limiter('bad', bad), RangeError);
        await assert.rejects(() => limiter.consume('a', 1, bad), RangeError);
      }
    });

    it('take another rate for one key, whose window is its own too', async () => {
      const limiter = (await open()).limiter('token', RATE);
      const own = { limit: 5, windowSeconds: 60 };
      const first = await limiter.consume('big', 4, own);
      assert.deepEqual(first, { allowed: true, limit: 5, remaining: 1, resetSeconds: 60 });
      assert.deepEqual(await limiter.peek('big', own), first);
      assert.equal((await limiter.consume('big', 1, own)).allowed, true);
      assert.equal((await limiter.peek('big', own)).allowed, false);
      assert.equal((await limiter.consume('small', 4)).allowed, false);
    });

    it('allow exactly the limit when all come at once', async () => {
      const limiter = (await open()).limiter('burst', { limit: 30, windowSeconds: 60 });
      const states = await Promise.all(Array.from({ length: 500 }, () => limiter.consume('a')));
      assert.equal(states.filter(({ allowed }) => allowed).length, 30);
      const remaining = states.filter(({ allowed }) => allowed).map((state) => state.remaining);
      assert.deepEqual(new Set(remaining).size, 30);
    });

    it('answer questions asked together, in the order of asking', async () => {
      const kv = await open();
      const failures = kv.limiter('token-failures', { limit: 1, windowSeconds: 60 });
      const perClient = kv.limiter('token', RATE);
      await failures.consume('203.0.113.7');
      const [address, client] = await Promise.all([
        failures.peek('203.0.113.7'),
        perClient.consume('client-1'),
      ]);
      assert.deepEqual([address.allowed, client.allowed], [false, true]);
    });
  });
}

/** What only a store guarantees that several processes share. */
export function describeSharedLimits({ name }: KvBackend, open: OpenKvs): void {
  describe(`limits that are shared on ${name}`, () => {
    it('allow 20 of 200 that come at once over three connections', async () => {
      const limiters = await Promise.all(
        [1, 2, 3].map(async () => (await open()).limiter('token', { limit: 20, windowSeconds: 60 })),
      );
      const states = await Promise.all(
        Array.from({ length: 200 }, (_, n) => limiters[n % 3]?.consume('client')),
      );
      assert.equal(states.filter((state) => state?.allowed).length, 20);
      for (const limiter of limiters) assert.equal((await limiter.peek('client')).allowed, false);
    });

    it('outlive the one who counted', async () => {
      const first = await open();
      await first.limiter('login', RATE).consume('a', 3);
      await first.close();
      assert.equal((await (await open()).limiter('login', RATE).peek('a')).allowed, false);
    });
  });
}
