import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openService, type Service } from '#compose';
import { loadConfig } from '#config';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { findRedisServer, startRedisServer } from '../support/redis-server.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const LIMIT = 20;

/** One replica, listening. */
async function startReplica({ config: database }: TestDatabase, redisUrl: string) {
  const config = loadConfig({
    ENVIRONMENT: 'testing',
    PORT: '0',
    PUBLIC_URL: 'http://localhost:8000',
    DATA_DIR: temporaryDirectory(),
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    RATE_LIMIT_TOKEN: `${LIMIT}/hour`,
    REDIS_URL: redisUrl,
  });
  const logger = Object.assign(createRecordingLogger(), { flush: () => {} });
  const statements: string[] = [];
  const onStatement = (sql: string) => void statements.push(sql);
  const service = await openService({ config: { ...config, database }, mode: 'serve', logger, onStatement });
  const { url, ready } = await service.start();
  assert.equal(ready, true);
  return { service, url, logger, statements, [Symbol.asyncDispose]: () => service.close() };
}

async function createClient({ oauth }: Service): Promise<string> {
  const { client, secret } = await oauth.clients.create(
    { type: 'system', id: null },
    { name: 'Orders worker' },
  );
  return Buffer.from(`${client.id}:${secret}`).toString('base64');
}

async function askForToken(url: string, credentials: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/auth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function health(
  url: string,
): Promise<{ code: number; status: string; redis: Record<string, unknown> }> {
  const answer = await fetch(`${url}/health`);
  const body = (await answer.json()) as { status: string; components: { redis: Record<string, unknown> } };
  return { code: answer.status, status: body.status, redis: body.components.redis };
}

async function untilHealth(url: string, status: string): Promise<void> {
  while ((await health(url)).status !== status) await sleep(50);
}

describeOn('postgres', 'three replicas with one Redis', (openDatabase) => {
  const skip = findRedisServer() === null ? { skip: 'no redis-server was found on the path' } : {};

  it('count a limit once, and hold it each for itself while Redis is away', skip, async () => {
    const database = await openDatabase();
    await using server = await startRedisServer();
    await using one = await startReplica(database, server.url);
    await using two = await startReplica(database, server.url);
    await using three = await startReplica(database, server.url);
    const urls = [one.url, two.url, three.url];
    const credentials = await createClient(one.service);
    const statuses = await Promise.all(
      Array.from({ length: 200 }, (_, n) => askForToken(urls[n % 3] ?? '', credentials)),
    );
    assert.equal(statuses.filter((status) => status === 200).length, LIMIT);
    assert.equal(statuses.filter((status) => status === 429).length, 200 - LIMIT);

    const well = await health(one.url);
    assert.deepEqual([well.code, well.status, well.redis.status], [200, 'ok', 'ok']);
    assert.equal(typeof well.redis.latency_ms, 'number');

    await server.stop();
    const other = await createClient(one.service);
    for (const url of urls) {
      const alone = await Promise.all(Array.from({ length: 30 }, () => askForToken(url, other)));
      assert.equal(alone.filter((status) => status === 200).length, LIMIT);
      assert.equal(alone.filter((status) => status === 429).length, 10);
      await untilHealth(url, 'degraded');
      assert.deepEqual((await health(url)).redis, { status: 'degraded', detail: 'cannot be reached' });
      assert.equal((await health(url)).code, 200);
    }

    await server.start();
    for (const url of urls) await untilHealth(url, 'ok');
    for (const url of urls) assert.equal(await askForToken(url, other), 429);
  });

  it('answer a known client for one round trip to Redis and no statement', skip, async () => {
    await using server = await startRedisServer();
    await using proxy = await startTcpProxy(server.port);
    const database = await openDatabase();
    await using one = await startReplica(database, `redis://127.0.0.1:${proxy.port}`);
    const credentials = await createClient(one.service);
    assert.equal(await askForToken(one.url, credentials), 200);
    one.statements.length = 0;
    proxy.exchanges = 0;
    const tokens = 10;
    for (let n = 0; n < tokens; n += 1) assert.equal(await askForToken(one.url, credentials), 200);
    assert.equal(proxy.exchanges, tokens);
    // What looks each second, and what is written behind, is not on the bill of any request.
    const asked = one.statements.filter((sql) => /app_clients|app_client_roles/.test(sql));
    assert.deepEqual(asked, []);
  });

  it('start without it, and say so', skip, async () => {
    await using server = await startRedisServer();
    await server.stop();
    await using one = await startReplica(await openDatabase(), server.url);
    const warnings = one.logger.lines.filter(({ level }) => level === 'WARNING');
    assert.match(warnings.map(({ message }) => message).join(), /Redis is away/);
    assert.equal((await fetch(`${one.url}/health/ready`)).status, 200);
    assert.equal(await askForToken(one.url, await createClient(one.service)), 200);
  });
});
