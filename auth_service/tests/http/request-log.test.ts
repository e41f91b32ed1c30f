import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { ServiceError } from '#errors';
import { currentRequest } from '#observability';
import { buildWireApp } from './support/build-wire-app.ts';
import { listen } from './support/raw-connection.ts';

const STATED = { operation: 'showThing', access: 'public', limit: 'none' } as const;

describe('the request log', () => {
  it('has one line per request, without the query', async () => {
    await using wire = buildWireApp();
    const { app, logged, logText } = wire;
    await app.inject({ url: '/nowhere?client_secret=hush', headers: { 'x-request-id': 'r-1' } });
    const [line, ...others] = logged();
    assert.deepEqual(others, []);
    assert.equal(typeof line?.duration_ms, 'number');
    assert.deepEqual(
      { ...line, timestamp: '', duration_ms: 0 },
      {
        level: 'INFO',
        timestamp: '',
        logger: 'http',
        environment: 'testing',
        message: 'GET /nowhere 404',
        request_id: 'r-1',
        method: 'GET',
        path: '/nowhere',
        status: 404,
        duration_ms: 0,
        client_ip: '127.0.0.1',
        error: { code: 'not_found' },
      },
    );
    assert.doesNotMatch(logText(), /hush/);
  });

  it('has a line for what the router refuses', async () => {
    await using wire = buildWireApp();
    const { app, requestLines } = wire;
    await app.inject({ url: '/%zz?x=hush', headers: { 'x-request-id': 'r-2' } });
    assert.equal(requestLines().length, 1);
    assert.equal(requestLines()[0]?.request_id, 'r-2');
    assert.equal(requestLines()[0]?.path, '/%zz');
    assert.equal(requestLines()[0]?.status, 400);
  });

  it('cuts paths that nobody types', async () => {
    await using wire = buildWireApp();
    const { app, requestLines } = wire;
    await app.inject(`/${'x'.repeat(5000)}`);
    assert.ok(String(requestLines()[0]?.path).length < 300);
  });

  it('keeps probes and the reference at DEBUG', async () => {
    await using wire = buildWireApp();
    const { app, requestLines, lifecycle } = wire;
    const dull = ['/health', '/health/live', '/health/ready', '/docs', '/docs/start.js', '/openapi.json'];
    for (const url of dull) await app.inject(url);
    lifecycle.state = 'starting';
    await app.inject('/health/ready');
    assert.deepEqual(new Set(requestLines().map(({ level }) => level)), new Set(['DEBUG']));
  });

  it('is WARNING for 503 and ERROR for what nobody meant to throw', async () => {
    await using wire = buildWireApp();
    const { app, requestLines } = wire;
    let thrown: Error = new ServiceError('database_unavailable');
    app.get('/thing', { config: STATED }, async () => {
      throw thrown;
    });
    await app.inject('/thing');
    thrown = new Error('a surprise');
    await app.inject('/thing');
    assert.deepEqual(
      requestLines().map(({ level, status }) => ({ level, status })),
      [
        { level: 'WARNING', status: 503 },
        { level: 'ERROR', status: 500 },
      ],
    );
    assert.deepEqual(requestLines()[0]?.error, { code: 'database_unavailable' });
    assert.match(JSON.stringify(requestLines()[1]?.error), /a surprise/);
  });

  it('has one line for a caller who went away', async () => {
    await using wire = buildWireApp();
    const { app, requestLines } = wire;
    const entered = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    app.get('/thing', { config: STATED }, async () => {
      entered.resolve();
      await left.promise;
      return {};
    });
    const { port } = await listen(app);
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /thing HTTP/1.1\r\nHost: a\r\n\r\n'));
    await entered.promise;
    socket.destroy();
    while (requestLines().length === 0) await new Promise((resolve) => setImmediate(resolve));
    left.resolve();
    await app.close();
    assert.deepEqual(
      requestLines().map(({ status, path }) => ({ status, path })),
      [{ status: 499, path: '/thing' }],
    );
  });

  it('has one line for a caller who went away in the middle of a body', async () => {
    await using wire = buildWireApp();
    const { port, url } = await listen(wire.app);
    const socket = connect(port, '127.0.0.1', () => {
      const head =
        'POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n';
      socket.write(`${head}half`, () => socket.destroy());
    });
    while (wire.requestLines().length === 0) await new Promise((resolve) => setImmediate(resolve));
    await fetch(`${url}/health/live`);
    assert.deepEqual(
      wire.requestLines().map(({ status, level }) => ({ status, level })),
      [
        { status: 499, level: 'INFO' },
        { status: 200, level: 'DEBUG' },
      ],
    );
  });
});

describe('the request context', () => {
  it('travels with the work of a request, also behind a body', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    app.post('/thing', { config: STATED }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentRequest();
    });
    const { url } = await listen(app);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const headers = { 'x-request-id': `r-${index}`, 'content-type': 'application/json' };
        const answer = await fetch(`${url}/thing`, { method: 'POST', headers, body: '{}' });
        return answer.json();
      }),
    );
    const expected = answers.map((_, index) => ({ requestId: `r-${index}`, clientIp: '127.0.0.1' }));
    assert.deepEqual(answers, expected);
  });
});
