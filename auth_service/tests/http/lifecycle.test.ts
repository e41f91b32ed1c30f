import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServiceError } from '#errors';
import { buildWireApp } from './support/build-wire-app.ts';
import { listen } from './support/raw-connection.ts';

const STATED = { operation: 'showThing', access: 'public', limit: 'none' } as const;

describe('while it starts', () => {
  it('is alive and not ready, and says what to do', async () => {
    await using wire = buildWireApp({ startIn: 'starting' });
    const { app, lifecycle } = wire;
    assert.equal((await app.inject('/health/live')).statusCode, 200);
    const answer = await app.inject('/health/ready');
    assert.equal(answer.statusCode, 503);
    assert.equal(answer.headers['retry-after'], '1');
    assert.equal(answer.json().code, 'starting');
    lifecycle.reason = new ServiceError('schema_behind');
    const behind = (await app.inject('/health/ready')).json();
    assert.equal(behind.code, 'schema_behind');
    assert.match(behind.detail, /auth-service migrate up/);
  });

  it('issues no token and shows no keys yet', async () => {
    await using wire = buildWireApp({ startIn: 'starting' });
    const { app } = wire;
    const token = await app.inject({
      method: 'POST',
      url: '/api/v1/auth/token',
      headers: { 'content-type': 'application/json' },
      payload: '{ broken',
    });
    assert.equal(token.statusCode, 503);
    assert.equal(token.headers['retry-after'], '1');
    assert.equal(token.headers['cache-control'], 'no-store');
    assert.deepEqual(token.json(), {
      error: 'temporarily_unavailable',
      error_description: 'The service is starting.',
    });
    const keys = await app.inject('/.well-known/jwks.json');
    assert.equal(keys.statusCode, 503);
    assert.equal(keys.json().code, 'starting');
  });

  it('becomes ready without being opened again', async () => {
    await using wire = buildWireApp({ startIn: 'starting' });
    const { app, lifecycle } = wire;
    await app.inject('/health/ready');
    lifecycle.state = 'ready';
    const answer = await app.inject('/health/ready');
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), { status: 'ok' });
  });
});

describe('while it stops', () => {
  it('is alive, not ready, and serves on, each answer ending its connection', async () => {
    await using wire = buildWireApp({
      rooms: { keys: { jwks: async () => ({ keys: [] }), list: () => [] } },
    });
    const { app, lifecycle } = wire;
    const { url } = await listen(app);
    assert.equal((await fetch(`${url}/.well-known/jwks.json`)).headers.get('connection'), 'keep-alive');
    lifecycle.state = 'stopping';
    assert.equal((await fetch(`${url}/health/live`)).status, 200);
    const ready = await fetch(`${url}/health/ready`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /"code":"stopping"/);
    const keys = await fetch(`${url}/.well-known/jwks.json`);
    assert.equal(keys.status, 200);
    assert.equal(keys.headers.get('connection'), 'close');
  });

  it('waits for a request in flight, answers it, and ends its connection', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const entered = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    app.get('/slow', { config: STATED }, async () => {
      entered.resolve();
      await finish.promise;
      return { done: true };
    });
    const { url } = await listen(app);
    const answer = fetch(`${url}/slow`);
    await entered.promise;
    let isClosed = false;
    const closing = app.close().then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(isClosed, false);
    finish.resolve();
    const { status, headers } = await answer;
    assert.equal(status, 200);
    assert.equal(headers.get('connection'), 'close');
    await closing;
    await assert.rejects(fetch(`${url}/health/live`));
  });

  it('does not wait for a connection that is kept alive behind an answer sent before', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const streaming = Promise.withResolvers<ReadableStreamDefaultController>();
    app.get('/stream', { config: STATED }, async (_request, reply) => {
      const body = new ReadableStream({ start: (controller) => streaming.resolve(controller) });
      return reply.header('content-type', 'text/plain').send(body);
    });
    const { url } = await listen(app);
    const answer = fetch(`${url}/stream`);
    const controller = await streaming.promise;
    controller.enqueue(Buffer.from('a'));
    const { headers, body } = await answer;
    assert.equal(headers.get('connection'), 'keep-alive');
    const closing = app.close();
    controller.enqueue(Buffer.from('b'));
    controller.close();
    const text = await new Response(body).text();
    assert.equal(text, 'ab');
    // Far below the idle time of a kept-alive connection; the test runner's own limit would end it.
    await closing;
  });
});
