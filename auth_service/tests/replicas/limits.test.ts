import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { type Administrator, ask, askForToken, type Client, logInAdministrator } from './caller.ts';
import { describeReplicas } from './harness.ts';

const LIMIT = 20;
const TRIES = 200;

describeReplicas('three replicas with one Redis', () => {
  let stage: Replicas;
  let administrator: Administrator;

  before(async () => {
    stage = await startReplicas({ settings: { RATE_LIMIT_TOKEN: `${LIMIT}/hour` } });
    administrator = await logInAdministrator(stage.urls[0] ?? '');
  });
  after(() => stage?.[Symbol.asyncDispose]());

  const askAll = (urls: readonly string[], { basic }: Client, tries: number) =>
    Promise.all(Array.from({ length: tries }, (_, n) => askForToken(urls[n % urls.length] ?? '', basic)));

  async function requireLimitHeld(urls: readonly string[], client: Client, tries: number): Promise<void> {
    const statuses = (await askAll(urls, client, tries)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, LIMIT);
    assert.equal(statuses.filter((status) => status === 429).length, tries - LIMIT);
  }

  async function untilHealth(status: 'ok' | 'degraded'): Promise<void> {
    for (const url of stage.urls) {
      await until(async () => {
        const health = await ask(url, 'GET /health');
        assert.equal(health.status, 200, 'without Redis it serves on');
        return health.body.status === status;
      });
    }
  }

  it('let twenty of two hundred through that come at once, whichever they ask', async () => {
    await requireLimitHeld(stage.urls, await administrator.makeClient(), TRIES);
  });

  const outages: Readonly<Record<string, [begin: () => unknown, end: () => unknown]>> = {
    'is stopped': [() => stage.redisServer().stop(), () => stage.redisServer().start()],
    'says nothing': [() => stage.redisServer().pause(), () => stage.redisServer().resume()],
    'is cut off, with every connection': [
      () => {
        stage.redis.pause();
        stage.redis.cut();
      },
      () => stage.redis.resume(),
    ],
  };
  for (const [name, [begin, end]] of Object.entries(outages)) {
    it(`hold limits each for itself while it ${name}, fail nobody, say so, and agree again afterwards`, async () => {
      const [early, late] = [await administrator.makeClient(), await administrator.makeClient()];
      await begin();
      try {
        for (const url of stage.urls) await requireLimitHeld([url], early, 2 * LIMIT);
        await untilHealth('degraded');
      } finally {
        await end();
      }
      await untilHealth('ok');
      await requireLimitHeld(stage.urls, late, TRIES);
    });
  }

  it('bear one that is slow', async () => {
    const client = await administrator.makeClient();
    stage.redis.slow(20);
    try {
      await requireLimitHeld(stage.urls, client, TRIES);
    } finally {
      stage.redis.slow(0);
    }
  });
});
