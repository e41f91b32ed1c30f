import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { freePort } from '../support/free-port.ts';
import { startRedisCluster, startSentinelGroup } from '../support/redis-groups.ts';
import { redisSkipReason, startRedisServer } from '../support/redis-server.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { listen, untilHeard } from './messages.suite.ts';
import { describeOnRedis, openRedisKv } from './redis-backend.ts';

const skip = redisSkipReason();
const PASSWORD = 'p@ss/w#rd:%2F é';
const RATE = { limit: 3, windowSeconds: 60 };

describeOnRedis('a Redis that asks for user and password', skip, async () => {
  const server = await startRedisServer();
  const client = server.client();
  await client.acl(
    'SETUSER',
    'auth',
    'on',
    `>${PASSWORD}`,
    '~test-*',
    '&test-*',
    '+@all',
    '-@dangerous',
    '+keys',
  );
  await client.acl('SETUSER', 'default', 'off');
  const url = `redis://auth:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}`;
  return { url, masters: [client], close: async () => server[Symbol.asyncDispose]() };
});

describeOnRedis('a Redis behind TLS, from an authority of our own', skip, async () => {
  const folder = makeCertificates();
  const authority = readFileSync(join(folder, 'ca.crt'), 'utf8');
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, authority]);
  const port = await freePort();
  const server = await startRedisServer({
    settings: {
      'tls-port': String(port),
      'tls-cert-file': join(folder, 'server.crt'),
      'tls-key-file': join(folder, 'server.key'),
      'tls-ca-cert-file': join(folder, 'ca.crt'),
      'tls-auth-clients': 'no',
    },
  });
  return {
    url: `rediss://localhost:${port}`,
    masters: [server.client()],
    async close() {
      setDefaultCACertificates(before);
      await server[Symbol.asyncDispose]();
    },
  };
});

describeOnRedis('a Redis Cluster', skip, async () => {
  const servers = await startRedisCluster();
  const hosts = servers.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`);
  return {
    url: `redis+cluster://${hosts.join(',')}`,
    masters: servers.map((server) => server.client()),
    close: async () => void (await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))),
  };
});

describeOnRedis('a Redis that Sentinels watch', skip, async () => {
  const group = await startSentinelGroup('hush');
  return {
    url: sentinelUrl(group.sentinel.port),
    masters: [group.master.client()],
    async close() {
      for (const server of [group.sentinel, group.replica, group.master]) await server[Symbol.asyncDispose]();
    },
  };
});

describe('when a master is lost', skip === null ? {} : { skip }, () => {
  it('of a Cluster, limits hold within the process until the Cluster is whole', async () => {
    const servers = await startRedisCluster();
    try {
      await using opened = await openRedisKv(`redis+cluster://127.0.0.1:${servers[0]?.port}`);
      const { kv, logger } = opened;
      const limiter = kv.limiter('login', RATE);
      await kv.connect();
      servers[1]?.pause();
      const keys = Array.from({ length: 40 }, (_, n) => `key ${n}`);
      const ask = async () =>
        (await Promise.all(keys.map((key) => limiter.consume(key)))).map((it) => it.allowed);
      for (let round = 1; round <= 3; round += 1) assert.deepEqual(new Set(await ask()), new Set([true]));
      // The keys of the other masters were counted there before all were left alone.
      await ask();
      assert.deepEqual(new Set(await ask()), new Set([false]));
      await assert.rejects(kv.check());
      servers[1]?.resume();
      while (!logger.lines.some(({ message }) => /Redis is back/.test(message))) await sleep(20);
      await kv.check();
      for (const key of keys) assert.equal((await limiter.consume(key)).allowed, false, key);
    } finally {
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  });

  it('Sentinels name another one, and limits and messages go on there', async () => {
    const group = await startSentinelGroup('hush');
    await using _sentinel = group.sentinel;
    await using _replica = group.replica;
    await using master = group.master;
    await using opened = await openRedisKv(sentinelUrl(group.sentinel.port));
    const { kv, logger } = opened;
    const limiter = kv.limiter('login', RATE);
    await kv.connect();
    await limiter.consume('a', 3);
    const heard = await listen(kv, 'rights');
    // Replication is asynchronous: what the replica has not seen yet is forgotten with its master.
    const client = master.client();
    await client.set('last', 'write');
    while ((await client.wait(1, 100)) < 1);
    await master.stop();
    while (logger.lines.some(({ message }) => /Redis is back/.test(message)) === false) {
      assert.equal((await limiter.consume('other', 1, { limit: 1e6, windowSeconds: 60 })).allowed, true);
      await sleep(20);
    }
    await kv.check();
    assert.equal((await limiter.consume('a')).allowed, false);
    await untilHeard(kv, 'rights', heard);
    assert.ok(heard.reconnections >= 2);
  });
});

function sentinelUrl(port: number): string {
  return `redis+sentinel://:hush@127.0.0.1:1,127.0.0.1:${port}/mymaster?sentinel_password=hush`;
}

/** An authority and a certificate for localhost, each a day old at most. */
function makeCertificates(): string {
  const folder = temporaryDirectory('certificates');
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  openssl('req', '-x509', ...key, '-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.crt');
  openssl(
    ...['req', '-x509', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.crt'],
    ...['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
  return folder;
}
