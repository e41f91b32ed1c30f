import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redisSkipReason, startRedisServer } from '../support/redis-server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { listen, untilHeard } from './messages.suite.ts';
import { newPrefix, openRedisKv } from './redis-backend.ts';

const skip = redisSkipReason();

describe('a subscription', skip === null ? {} : { skip }, () => {
  it('outlives a restart of Redis, and tells that something may have been missed', async () => {
    await using server = await startRedisServer();
    await using opened = await openRedisKv(server.url);
    const heard = await listen(opened.kv, 'rights');
    const other = await listen(opened.kv, 'keys');
    for (let round = 1; round <= 3; round += 1) {
      const before = [heard.reconnections, other.reconnections];
      await server.stop();
      await server.start();
      await untilHeard(opened.kv, 'rights', heard);
      await untilHeard(opened.kv, 'keys', other);
      assert.deepEqual(
        [heard.reconnections, other.reconnections],
        before.map((count) => count + 1),
      );
    }
  });

  it('notices a connection on which nothing arrives any more', async () => {
    await using server = await startRedisServer();
    await using proxy = await startTcpProxy(server.port);
    const prefix = newPrefix();
    await using here = await openRedisKv(`redis://127.0.0.1:${proxy.port}`, prefix);
    await using there = await openRedisKv(server.url, prefix);
    const heard = await listen(here.kv, 'rights');
    const before = heard.reconnections;
    proxy.pause();
    assert.equal(await there.kv.publish('rights', 'lost, or late'), true);
    while (!here.logger.lines.some(({ message }) => /away/.test(message))) await here.kv.publish('x', 'x');
    proxy.forgetPaused();
    await untilHeard(there.kv, 'rights', heard);
    assert.equal(heard.reconnections, before + 1);
  });

  it('begins when Redis comes, if it was not there', async () => {
    await using server = await startRedisServer();
    await server.stop();
    await using opened = await openRedisKv(server.url);
    let connections = 0;
    opened.kv.subscribe(
      'rights',
      () => {},
      () => {
        connections += 1;
      },
    );
    await opened.kv.connect();
    assert.equal(connections, 0);
    await server.start();
    const heard = await listen(opened.kv, 'rights');
    assert.ok(heard.reconnections >= 1);
    assert.ok(connections >= 1);
  });

  it('ends with the kv, which leaves no connection behind', async () => {
    await using server = await startRedisServer();
    const client = server.client();
    const opened = await openRedisKv(server.url);
    await listen(opened.kv, 'rights');
    await opened.kv.close();
    const others = async () =>
      String(await client.client('LIST'))
        .split('\n')
        .filter((line) => line.includes('name=paservices-auth'));
    while ((await others()).length > 0);
    assert.equal(await opened.kv.publish('rights', 'x'), false);
    opened.kv.subscribe('rights', () => {}).close();
    assert.deepEqual(await others(), []);
  });
});
