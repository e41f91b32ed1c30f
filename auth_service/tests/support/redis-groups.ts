import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';
import { temporaryDirectory } from './run-directory.ts';

const SLOTS = 16_384;

/** A Cluster of three masters, to throw away. */
export async function startRedisCluster(): Promise<readonly RedisServer[]> {
  const servers = await Promise.all(
    [1, 2, 3].map(async () =>
      startRedisServer({
        settings: {
          'cluster-enabled': 'yes',
          'cluster-port': String(await freePort()),
          'cluster-node-timeout': '2000',
        },
      }),
    ),
  );
  const clients = servers.map((server) => server.client());
  const [first] = clients;
  for (const [index, client] of clients.entries()) {
    const bounds = [index, index + 1].map((part) => Math.floor((SLOTS * part) / servers.length));
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(bounds[0]), String((bounds[1] ?? 0) - 1));
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    const [, busPort] = (await client.config('GET', 'cluster-port')) as [string, string];
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', String(servers[index]?.port), busPort);
  }
  await Promise.all(clients.map(untilWhole));
  return servers;
}

async function untilWhole(client: Redis): Promise<void> {
  while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
}

export interface SentinelGroup {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinel: RedisServer;
  readonly masterName: string;
}

/** A master, its replica, and a Sentinel of its own mind. All ask for the same password. */
export async function startSentinelGroup(password: string): Promise<SentinelGroup> {
  const settings = { requirepass: password, masterauth: password, 'repl-diskless-sync-delay': '0' };
  const master = await startRedisServer({ settings, password });
  const replica = await startRedisServer({
    settings: { ...settings, replicaof: `127.0.0.1 ${master.port}` },
    password,
  });
  const file = join(temporaryDirectory('sentinel'), 'sentinel.conf');
  const masterName = 'mymaster';
  const port = await freePort();
  writeFileSync(
    file,
    [
      `port ${port}`,
      `requirepass ${password}`,
      `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
      `sentinel auth-pass ${masterName} ${password}`,
      `sentinel down-after-milliseconds ${masterName} 300`,
      `sentinel failover-timeout ${masterName} 2000`,
    ].join('\n'),
  );
  const sentinel = await startRedisServer({ settings: { port: String(port) }, password, file });
  const client = sentinel.client();
  while (Number(await numberOfReplicas(client, masterName)) < 1) await sleep(50);
  return { master, replica, sentinel, masterName };
}

async function numberOfReplicas(sentinel: Redis, masterName: string): Promise<string | undefined> {
  const facts = (await sentinel.call('SENTINEL', 'MASTER', masterName)) as string[];
  return facts[facts.indexOf('num-slaves') + 1];
}
