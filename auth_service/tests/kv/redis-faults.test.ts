import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Limiter, LimitState } from '#kv';
import { type RedisServer, redisSkipReason, startRedisServer } from '../support/redis-server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { newPrefix, type OpenedKv, openRedisKv } from './redis-backend.ts';

const skip = redisSkipReason();
const RATE = { limit: 20, windowSeconds: 600 };
const AWAY = /^Redis is away/;
const BACK = /^Redis is back/;

interface Stage extends AsyncDisposable {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  readonly opened: OpenedKv;
  readonly limiter: Limiter;
  /** Key by key as they stand in Redis. */
  counts(): Promise<Record<string, string | null>>;
}

/** A Redis behind a proxy, and a kv that is connected to it. */
async function setTheStage(settings: Record<string, string> = {}): Promise<Stage> {
  const server = await startRedisServer({ settings });
  const proxy = await startTcpProxy(server.port);
  const prefix = newPrefix();
  const opened = await openRedisKv(`redis://127.0.0.1:${proxy.port}`, prefix);
  await opened.kv.connect();
  await opened.kv.check();
  return {
    server,
    proxy,
    opened,
    limiter: opened.kv.limiter('login', RATE),
    async counts() {
      const client = server.client();
      const keys = await client.keys(`${prefix}:limit:*`);
      const entries = keys.map(async (key) => [key.slice(prefix.length), await client.get(key)] as const);
      return Object.fromEntries(await Promise.all(entries));
    },
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function said({ logger }: OpenedKv, what: RegExp): number {
  return logger.lines.filter(({ message }) => what.test(message)).length;
}

async function until({ kv }: OpenedKv, state: 'up' | 'away'): Promise<void> {
  for (;;) {
    const isUp = await kv.check().then(
      () => true,
      () => false,
    );
    if (isUp === (state === 'up')) return;
    await sleep(5);
  }
}

async function consume(limiter: Limiter, times: number, key = 'a'): Promise<LimitState[]> {
  const states = [];
  for (let n = 0; n < times; n += 1) states.push(await limiter.consume(key));
  return states;
}

/** How often Redis has answered with an error. */
async function refusals(client: Redis): Promise<number> {
  return Number(/total_error_replies:(\d+)/.exec(await client.info('stats'))?.[1]);
}

const allowed = (states: readonly LimitState[]) => states.filter((state) => state.allowed).length;

describe('when Redis stops', skip === null ? {} : { skip }, () => {
  it('limits hold within the process, and what was counted meanwhile is carried over', async () => {
    await using stage = await setTheStage();
    const { server, opened, limiter, counts } = stage;
    assert.equal(allowed(await consume(limiter, 5)), 5);
    await server.stop();
    assert.equal(allowed(await consume(limiter, 30)), 20);
    assert.equal((await limiter.peek('a')).allowed, false);
    await assert.rejects(opened.kv.check());
    await server.start();
    await until(opened, 'up');
    assert.deepEqual(await counts(), {});
    assert.equal((await limiter.peek('a')).allowed, false);
    assert.deepEqual(await counts(), {});
    assert.equal((await limiter.consume('a')).allowed, false);
    assert.deepEqual(await counts(), { ':limit:login:a': '31' });
    assert.equal((await limiter.consume('b')).remaining, 19);
    await limiter.consume('a');
    assert.deepEqual(await counts(), { ':limit:login:a': '32', ':limit:login:b': '1' });
  });

  it('that is said once, and once that it is back, with no word of the password', async () => {
    const server = await startRedisServer({ settings: { requirepass: 'sesame' }, password: 'sesame' });
    await using _server = server;
    await using opened = await openRedisKv(`redis://:sesame@127.0.0.1:${server.port}`);
    await opened.kv.connect();
    const limiter = opened.kv.limiter('login', RATE);
    for (let round = 1; round <= 2; round += 1) {
      await server.stop();
      await Promise.all(Array.from({ length: 50 }, () => limiter.consume('a')));
      await until(opened, 'away');
      await consume(limiter, 50);
      assert.equal(said(opened, AWAY), round);
      await server.start();
      await until(opened, 'up');
      assert.equal(said(opened, BACK), round);
    }
    assert.doesNotMatch(JSON.stringify(opened.logger.lines), /sesame/);
    assert.deepEqual(
      opened.logger.lines.filter(({ level }) => level === 'ERROR'),
      [],
    );
  });

  it('nobody can tell whether a mark is new, and nothing can be published', async () => {
    await using stage = await setTheStage();
    const { server, opened } = stage;
    assert.equal(await opened.kv.once('jti', 60), true);
    await server.stop();
    assert.equal(await opened.kv.once('jti', 60), 'unavailable');
    assert.equal(await opened.kv.publish('rights', 'x'), false);
    await server.start();
    await until(opened, 'up');
    assert.equal(await opened.kv.once('jti', 60), true);
    assert.equal(await opened.kv.publish('rights', 'x'), true);
  });

  it('a service that starts meanwhile starts all the same, and finds it later', async () => {
    await using server = await startRedisServer();
    await server.stop();
    await using opened = await openRedisKv(server.url);
    await opened.kv.connect();
    assert.equal(said(opened, AWAY), 1);
    const limiter = opened.kv.limiter('login', RATE);
    assert.equal(allowed(await consume(limiter, 25)), 20);
    await server.start();
    await until(opened, 'up');
    assert.equal((await limiter.consume('a')).allowed, false);
  });
});

describe('when Redis hangs', skip === null ? {} : { skip }, () => {
  for (const what of ['server', 'proxy'] as const) {
    it(`because the ${what} does, requests are answered, and soon without trying`, async () => {
      await using stage = await setTheStage();
      const { proxy, opened, limiter } = stage;
      await consume(limiter, 5);
      stage[what].pause();
      const states = await Promise.all(Array.from({ length: 30 }, () => limiter.consume('a')));
      assert.equal(allowed(states), 20);
      assert.equal(said(opened, AWAY), 1);
      // Only probes and greetings are sent from now on, and those on their own time.
      const [before, startedAt] = [proxy.accepted(), performance.now()];
      await consume(limiter, 1_000);
      assert.equal((await opened.kv.once('x', 1)) && (await opened.kv.once('x', 1)), 'unavailable');
      assert.ok(proxy.accepted() - before <= 2 + (performance.now() - startedAt) / 100);
      stage[what].resume();
      await until(opened, 'up');
      assert.equal(said(opened, BACK), 1);
      assert.equal((await limiter.consume('a')).allowed, false);
      assert.equal((await limiter.consume('b')).remaining, 19);
    });
  }

  it('on one connection for ever, another one takes its place', async () => {
    await using stage = await setTheStage();
    const { proxy, opened, limiter } = stage;
    proxy.pause();
    await Promise.all(Array.from({ length: 5 }, () => limiter.consume('a')));
    proxy.forgetPaused();
    await until(opened, 'up');
    assert.equal((await limiter.consume('a')).remaining, 14);
  });

  it('at the start, the service does not wait for it', async () => {
    await using server = await startRedisServer();
    server.pause();
    await using opened = await openRedisKv(server.url);
    await opened.kv.connect();
    assert.equal(said(opened, AWAY), 1);
    assert.equal((await opened.kv.limiter('login', RATE).consume('a')).allowed, true);
    server.resume();
    await until(opened, 'up');
  });
});

describe('when the connection breaks', skip === null ? {} : { skip }, () => {
  for (const how of ['cut', 'cutInTheMiddle'] as const) {
    it(`(${how}) no request fails, none is counted twice on the way back`, async () => {
      await using stage = await setTheStage();
      const { proxy, opened, limiter, counts } = stage;
      await consume(limiter, 3);
      const together = Array.from({ length: 10 }, () => limiter.consume('a'));
      await new Promise((resolve) => setImmediate(resolve));
      proxy[how]();
      assert.equal(allowed(await Promise.all(together)), 10);
      await until(opened, 'up');
      await limiter.consume('a');
      // What was answered by nobody may have been counted there, and was counted here.
      const count = Number((await counts())[':limit:login:a']);
      assert.ok(count >= 14 && count <= 24, String(count));
      assert.equal(proxy.accepted(), 2);
    });
  }
});

describe('when Redis forgets', skip === null ? {} : { skip }, () => {
  it('limits begin anew, scripts come again, and nothing fails', async () => {
    await using stage = await setTheStage();
    const { server, opened, limiter, counts } = stage;
    const client = server.client();
    assert.equal(allowed(await consume(limiter, 25)), 20);
    await client.flushall();
    assert.equal((await limiter.peek('a')).allowed, true);
    await client.script('FLUSH');
    const states = await Promise.all(Array.from({ length: 40 }, () => limiter.consume('a')));
    assert.equal(allowed(states), 20);
    assert.deepEqual(await counts(), { ':limit:login:a': '40' });
    assert.equal(said(opened, AWAY), 0);
  });
});

describe('when Redis refuses', skip === null ? { concurrency: true } : { skip }, () => {
  for (const [name, userInfo] of [
    ['a wrong password', 'auth:sesame@'],
    ['no password', ''],
  ] as const) {
    it(`${name}, that is said loudly, and the service runs`, async () => {
      await using server = await startRedisServer();
      const client = server.client();
      await client.acl('SETUSER', 'auth', 'on', '>other', '~*', '&*', '+@all');
      await client.acl('SETUSER', 'default', 'resetpass', '>hidden');
      const before = await refusals(client);
      await using opened = await openRedisKv(`redis://${userInfo}127.0.0.1:${server.port}`);
      await opened.kv.connect();
      await assert.rejects(opened.kv.check());
      assert.equal(said(opened, AWAY), 1);
      // It is tried again and again, as the log of Redis shows, and said once.
      while ((await refusals(client)) < before + 6) await sleep(20);
      const errors = opened.logger.lines.filter(({ level }) => level === 'ERROR');
      assert.equal(errors.length, 1);
      assert.match(errors[0]?.message ?? '', /password.*REDIS_URL/);
      assert.doesNotMatch(JSON.stringify(opened.logger.lines), /sesame/);
      assert.equal(allowed(await consume(opened.kv.limiter('login', RATE), 25)), 20);
      assert.equal(said(opened, AWAY), 1);
    });
  }

  it('even the word for passwords, the one we sent is not repeated', async () => {
    await using server = await startRedisServer({ settings: { 'rename-command': ['AUTH', 'OTHER'] } });
    await using opened = await openRedisKv(`redis://:sesame@127.0.0.1:${server.port}`);
    await opened.kv.connect();
    const text = JSON.stringify(opened.logger.lines);
    assert.match(text, /unknown command/);
    assert.doesNotMatch(text, /sesame/);
  });

  for (const [name, spoil, mend] of [
    ['writes, being a replica', ['replicaof', '127.0.0.1', '1'], ['replicaof', 'no', 'one']],
    ['writes, being full', ['config', 'set', 'maxmemory', '1'], ['config', 'set', 'maxmemory', '0']],
    [
      'scripts, by its rights',
      ['acl', 'setuser', 'default', '-evalsha', '-eval'],
      ['acl', 'setuser', 'default', '+@all'],
    ],
  ] as const) {
    it(`${name}, limits hold here until that is mended`, async () => {
      await using stage = await setTheStage();
      const { server, opened, limiter } = stage;
      const client = server.client();
      await client.call(spoil[0], ...spoil.slice(1));
      assert.equal(allowed(await consume(limiter, 25)), 20);
      // Time for a probe or two.
      await sleep(1_500);
      assert.deepEqual([said(opened, AWAY), said(opened, BACK)], [1, 0]);
      await assert.rejects(opened.kv.check());
      await client.call(mend[0], ...mend.slice(1));
      await until(opened, 'up');
      assert.equal((await limiter.consume('a')).allowed, false);
    });
  }
});
