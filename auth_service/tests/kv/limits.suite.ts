import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Kv } from '#kv';

export interface LimitsBackend {
  readonly name: string;
  open(): Promise<Kv>;
  /** Lets so much time pass for the store. */
  pass(milliseconds: number): Promise<void>;
}

/** What every store of limits guarantees, wherever it keeps its counts. */
export function describeLimits({ name, open, pass }: LimitsBackend): void {
  describe(`limits on ${name}`, () => {
    const rate = { limit: 3, windowSeconds: 10 };
    let kv: Kv;
    beforeEach(async () => {
      kv = await open();
    });
    afterEach(() => kv.close());

    it('allow as many as the limit says, and count down', async () => {
      const limiter = kv.limiter('login', rate);
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
      assert.deepEqual(limiter.policy, { name: 'login', ...rate });
      assert.equal(states[0]?.limit, 3);
      assert.equal(states[0]?.resetSeconds, 10);
    });

    it('peek tells the verdict of the next one and costs nothing', async () => {
      const limiter = kv.limiter('login', rate);
      assert.deepEqual(await limiter.peek('a'), { allowed: true, limit: 3, remaining: 3, resetSeconds: 0 });
      await limiter.consume('a', 2);
      for (let n = 0; n < 5; n++) assert.equal((await limiter.peek('a')).remaining, 1);
      await limiter.consume('a');
      assert.deepEqual(await limiter.peek('a'), { allowed: false, limit: 3, remaining: 0, resetSeconds: 10 });
    });

    it('end their window so long after its first request, whatever came later', async () => {
      const limiter = kv.limiter('login', rate);
      await limiter.consume('a', 3);
      await pass(6_500);
      const refused = await limiter.consume('a');
      assert.deepEqual([refused.allowed, refused.resetSeconds], [false, 4]);
      await pass(3_400);
      assert.equal((await limiter.peek('a')).allowed, false);
      await pass(200);
      assert.equal((await limiter.peek('a')).remaining, 3);
      const fresh = await limiter.consume('a');
      assert.deepEqual([fresh.allowed, fresh.remaining, fresh.resetSeconds], [true, 2, 10]);
    });

    it('keep keys apart, and limits apart', async () => {
      const login = kv.limiter('login', rate);
      const token = kv.limiter('token', rate);
      await login.consume('a', 3);
      assert.equal((await login.peek('b')).remaining, 3);
      assert.equal((await token.peek('a')).remaining, 3);
      assert.equal((await login.consume('__proto__')).remaining, 2);
      assert.equal((await login.consume('')).remaining, 2);
    });

    it('are one limit under one name and rate, and refuse a second rate', async () => {
      await kv.limiter('login', rate).consume('a', 3);
      assert.equal((await kv.limiter('login', { ...rate }).peek('a')).allowed, false);
      assert.throws(() => kv.limiter('login', { limit: 4, windowSeconds: 10 }), /another rate/);
    });

    it('refuse a rate that cannot be kept', () => {
      for (const bad of [
        { limit: 0, windowSeconds: 1 },
        { limit: 1, windowSeconds: 0 },
        { limit: Number.NaN, windowSeconds: 1 },
        { limit: 1, windowSeconds: 1e9 },
      ]) {
        assert.throws(() => kv.limiter('bad', bad), RangeError);
      }
    });

    it('allow exactly the limit when all come at once', async () => {
      const limiter = kv.limiter('burst', { limit: 30, windowSeconds: 60 });
      const states = await Promise.all(Array.from({ length: 500 }, () => limiter.consume('a')));
      assert.equal(states.filter(({ allowed }) => allowed).length, 30);
      const remaining = states.filter(({ allowed }) => allowed).map((state) => state.remaining);
      assert.deepEqual(new Set(remaining).size, 30);
    });

    it('answer questions asked together, in the order of asking', async () => {
      const failures = kv.limiter('token-failures', { limit: 1, windowSeconds: 60 });
      const perClient = kv.limiter('token', rate);
      await failures.consume('203.0.113.7');
      const [address, client] = await Promise.all([
        failures.peek('203.0.113.7'),
        perClient.consume('client-1'),
      ]);
      assert.deepEqual([address.allowed, client.allowed], [false, true]);
    });

    it('forget everything when closed', async () => {
      await kv.limiter('login', rate).consume('a', 3);
      await kv.close();
      assert.equal((await kv.limiter('login', rate).peek('a')).remaining, 3);
    });
  });
}
