import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ServiceError } from '#errors';
import { buildWireApp, type WireOptions } from './support/build-wire-app.ts';

/** A database that answers when it is told to, and counts how often it was asked. */
function controlledDatabase() {
  const asked: PromiseWithResolvers<void>[] = [];
  return {
    asked,
    health: {
      database: () => {
        const question = Promise.withResolvers<void>();
        asked.push(question);
        return question.promise;
      },
      redis: null,
    },
  };
}

async function reportOf(options: WireOptions) {
  await using wire = buildWireApp(options);
  const { app } = wire;
  const answer = await app.inject('/health');
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

describe('/health', () => {
  it('tells of every component', async () => {
    const { status, body, headers } = await reportOf({});
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(typeof body.components.database.latency_ms, 'number');
    delete body.components.database.latency_ms;
    assert.deepEqual(body, {
      status: 'ok',
      version: '0.1.0',
      environment: 'testing',
      uptime_seconds: 0,
      components: {
        api: { status: 'ok' },
        database: { status: 'ok' },
        supabase: { status: 'disabled' },
        redis: { status: 'disabled' },
      },
    });
  });

  it('is degraded, and not 503, when Supabase Auth is lost', async () => {
    const database = () => Promise.resolve();
    const supabase = () => Promise.reject(new Error('https://x.supabase.co refused the key hush'));
    const lost = await reportOf({ rooms: { health: { database, redis: null, supabase } } });
    assert.deepEqual([lost.status, lost.body.status], [200, 'degraded']);
    assert.deepEqual(lost.body.components.supabase, { status: 'degraded', detail: 'cannot be reached' });
    const { body } = await reportOf({ rooms: { health: { database, redis: null, supabase: database } } });
    assert.deepEqual([body.status, body.components.supabase.status], ['ok', 'ok']);
  });

  it('is 503, without saying why, when the database is lost', async () => {
    const database = () =>
      Promise.reject(new ServiceError('database_unavailable', 'host db-1 refused user auth'));
    const { status, body } = await reportOf({ rooms: { health: { database, redis: null } } });
    assert.equal(status, 503);
    assert.equal(body.status, 'error');
    assert.deepEqual(body.components.database, { status: 'error', detail: 'cannot be reached' });
  });

  it('is degraded, and not 503, when Redis is lost', async () => {
    const database = () => Promise.resolve();
    const redis = () => Promise.reject(new Error('10.0.0.7 refused the password hush'));
    const lost = await reportOf({ rooms: { health: { database, redis } } });
    assert.equal(lost.status, 200);
    assert.equal(lost.body.status, 'degraded');
    assert.deepEqual(lost.body.components.redis, { status: 'degraded', detail: 'cannot be reached' });
    const { status, body } = await reportOf({ rooms: { health: { database, redis: database } } });
    assert.deepEqual([status, body.status, body.components.redis.status], [200, 'ok', 'ok']);
    assert.equal(typeof body.components.redis.latency_ms, 'number');
  });

  it('asks Redis once a second at most, and waits for neither when both hang', async (t: TestContext) => {
    let asked = 0;
    const redis = async () => {
      asked += 1;
    };
    await using wire = buildWireApp({ rooms: { health: { database: async () => {}, redis } } });
    await Promise.all(Array.from({ length: 20 }, () => wire.app.inject('/health')));
    await wire.app.inject('/health');
    assert.equal(asked, 1);
    wire.clock.ms += 1_000;
    await wire.app.inject('/health');
    assert.equal(asked, 2);
    const never = () => new Promise<void>(() => {});
    await using hanging = buildWireApp({ rooms: { health: { database: never, redis: never } } });
    await hanging.app.ready();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const answer = hanging.app.inject('/health');
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(2_000);
    const { components } = (await answer).json();
    assert.deepEqual(components.redis, { status: 'degraded', detail: 'no answer within 2 s' });
    assert.deepEqual(components.database, { status: 'error', detail: 'no answer within 2 s' });
  });

  it('is degraded, and not 503, while the service starts or stops', async () => {
    for (const state of ['starting', 'stopping'] as const) {
      const { status, body } = await reportOf({ startIn: state });
      assert.equal(status, 200);
      assert.equal(body.status, 'degraded');
      assert.deepEqual(body.components.api, { status: 'degraded', detail: state });
    }
  });

  it('counts its uptime in whole seconds', async () => {
    await using wire = buildWireApp();
    const { app, clock } = wire;
    await app.ready();
    clock.ms += 90_900;
    assert.equal((await app.inject('/health')).json().uptime_seconds, 90);
  });

  it('asks the database once for all who ask at the same time, and once a second at most', async () => {
    const { asked, health } = controlledDatabase();
    await using wire = buildWireApp({ rooms: { health } });
    const { app, clock } = wire;
    await app.ready();
    const answers = Array.from({ length: 50 }, () => app.inject('/health'));
    await untilAsked(asked, 1);
    asked[0]?.resolve();
    for (const answer of await Promise.all(answers)) assert.equal(answer.statusCode, 200);
    clock.ms += 999;
    await app.inject('/health');
    assert.equal(asked.length, 1);
    clock.ms += 1;
    const later = app.inject('/health');
    await untilAsked(asked, 2);
    asked[1]?.reject(new Error('gone'));
    assert.equal((await later).statusCode, 503);
  });

  it('answers within two seconds when the database does not, and starts no second question beside it', async (t: TestContext) => {
    const { asked, health } = controlledDatabase();
    await using wire = buildWireApp({ rooms: { health } });
    const { app, clock } = wire;
    await app.ready();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (let round = 0; round < 3; round += 1) {
      const answer = app.inject('/health');
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      t.mock.timers.tick(2_000);
      const { statusCode, body } = await answer;
      assert.equal(statusCode, 503);
      assert.match(body, /no answer within 2 s/);
      clock.ms += 2_000;
    }
    assert.equal(asked.length, 1);
    asked[0]?.resolve();
    t.mock.timers.reset();
    await new Promise((resolve) => setImmediate(resolve));
    const next = app.inject('/health');
    await untilAsked(asked, 2);
    asked[1]?.resolve();
    assert.equal((await next).statusCode, 200);
  });
});

async function untilAsked(asked: readonly unknown[], times: number): Promise<void> {
  while (asked.length < times) await new Promise((resolve) => setImmediate(resolve));
}
