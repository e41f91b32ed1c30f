import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Redis } from 'ioredis';
import {
  redisSkipReason,
  redisUrl,
  sharedRedisSkipReason,
  startRedisServer,
} from '../support/redis-server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { describeOnRedis, newPrefix, openRedisKv } from './redis-backend.ts';

describeOnRedis('one Redis', sharedRedisSkipReason(), async () => {
  const url = redisUrl() ?? '';
  const client = new Redis(url);
  return { url, masters: [client], close: async () => client.disconnect() };
});

const skip = redisSkipReason();
describe('on one Redis, over the wire', skip === null ? {} : { skip }, () => {
  it('windows end by the clock of Redis, and peeking leaves no key behind', async () => {
    await using server = await startRedisServer();
    const client = server.client();
    const prefix = newPrefix();
    await using opened = await openRedisKv(server.url, prefix);
    const { kv } = opened;
    await kv.connect();
    const limiter = kv.limiter('login', { limit: 1, windowSeconds: 1 });
    await limiter.peek('a');
    assert.deepEqual(await client.keys(`${prefix}:limit:*`), []);
    await limiter.consume('a');
    assert.deepEqual(await client.keys(`${prefix}:limit:*`), [`${prefix}:limit:login:a`]);
    while ((await client.exists(`${prefix}:limit:login:a`)) === 1);
    assert.equal((await limiter.consume('a')).allowed, true);
  });

  it('the verdicts of one request cost one round trip, and so do those of many at once', async () => {
    await using server = await startRedisServer();
    await using proxy = await startTcpProxy(server.port);
    await using opened = await openRedisKv(`redis://127.0.0.1:${proxy.port}/1`);
    const { kv } = opened;
    await kv.connect();
    const failures = kv.limiter('token-failures', { limit: 5, windowSeconds: 60 });
    const perClient = kv.limiter('token', { limit: 500, windowSeconds: 60 });
    const ask = (n: number) => Promise.all([failures.peek(`ip ${n}`), perClient.consume(`client ${n}`)]);
    for (const requests of [1, 1, 50]) {
      proxy.exchanges = 0;
      await Promise.all(Array.from({ length: requests }, (_, n) => ask(n)));
      assert.equal(proxy.exchanges, 1);
    }
    await server.client().script('FLUSH');
    assert.equal((await ask(1))[1].remaining, 498);
    proxy.exchanges = 0;
    await ask(1);
    assert.equal(proxy.exchanges, 1);
  });

  it('what is asked at the same time goes out in one write', async () => {
    await using server = await startRedisServer();
    await using opened = await openRedisKv(server.url);
    await opened.kv.connect();
    const client = server.client();
    const reads = async () => Number(/total_reads_processed:(\d+)/.exec(await client.info('stats'))?.[1]);
    const limiter = opened.kv.limiter('token', { limit: 500, windowSeconds: 60 });
    await limiter.consume('warm');
    const before = await reads();
    await Promise.all(Array.from({ length: 50 }, (_, n) => limiter.consume(String(n))));
    // One of them is the question itself.
    assert.equal((await reads()) - before, 2);
  });

  it('nothing is connected before it is used', async () => {
    await using server = await startRedisServer();
    await using proxy = await startTcpProxy(server.port);
    await using opened = await openRedisKv(`redis://127.0.0.1:${proxy.port}`);
    const { kv } = opened;
    const limiter = kv.limiter('login', { limit: 1, windowSeconds: 60 });
    for (let turn = 0; turn < 3; turn += 1) await server.client().ping();
    assert.equal(proxy.accepted(), 0);
    assert.equal(await kv.publish('rights', 'x'), true);
    assert.equal(proxy.accepted(), 1);
    assert.equal((await limiter.consume('a')).allowed, true);
  });

  it('databases are apart', async () => {
    await using server = await startRedisServer();
    const prefix = newPrefix();
    await using one = await openRedisKv(`${server.url}/1`, prefix);
    await using two = await openRedisKv(`${server.url}/2`, prefix);
    assert.deepEqual([await one.kv.once('a', 10), await two.kv.once('a', 10)], [true, true]);
    assert.equal(await server.client().dbsize(), 0);
  });
});
