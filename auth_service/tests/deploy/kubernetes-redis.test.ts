import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { freePort, start } from '../cli/child-process.ts';
import { findRedisServer, redisSkipReason } from '../support/redis-server.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { until } from '../support/until.ts';
import { containersOf, find, readManifests } from './kubernetes-manifests.ts';
import { createStandIns, type StandIns } from './stand-ins.ts';

const PASSWORD = 'd41d8cd98f00b204e9800998ecf8427e';

test('Redis in the cluster asks for its password, keeps what it has, and stops when told to', {
  skip: redisSkipReason() ?? false,
}, async (t) => {
  const [container] = containersOf(
    find(readManifests('redis/redis.yaml'), 'StatefulSet', 'paservices-redis'),
  );
  assert.ok(container !== undefined);
  const port = await freePort();
  const volume = temporaryDirectory('redis-volume');
  const command = container.command.map((word) => word.replace('/data', volume));
  const standIns = standInsOn(port);
  const env = { ...standIns.env, REDIS_PASSWORD: PASSWORD };

  for (const expected of [null, 'kept']) {
    const server = start(t, command, { env });
    await server.says(/Ready to accept connections/);
    await until(async () => (await start(t, container.readinessProbe.exec.command, { env }).exit).code === 0);
    const client = connect(t, port, PASSWORD);
    assert.equal(await client.get('key'), expected);
    await client.set('key', 'kept');
    assert.deepEqual(await client.config('GET', 'maxmemory-policy'), ['maxmemory-policy', 'noeviction']);
    await assert.rejects(connect(t, port).get('key'), /NOAUTH/);
    assert.ok(!standIns.calls().join().includes(PASSWORD));
    server.kill('SIGTERM');
    assert.equal((await server.exit).code, 0);
  }
});

/** This machine's Redis, on a port of the test's own. */
function standInsOn(port: number): StandIns {
  const server = findRedisServer() ?? '';
  return createStandIns({
    'redis-server': `exec ${server} "$@" --port ${port} --bind 127.0.0.1`,
    'redis-cli': `exec ${server.replace(/server$/, 'cli')} -p ${port} "$@"`,
  });
}

function connect(t: TestContext, port: number, password?: string): Redis {
  const client = new Redis({ port, host: '127.0.0.1', ...(password === undefined ? {} : { password }) });
  client.on('error', () => {});
  t.after(() => client.disconnect());
  return client;
}
