import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { until } from '../support/until.ts';
import { buildWireApp } from './support/build-wire-app.ts';
import { listen } from './support/raw-connection.ts';

const STATED = { operation: 'wait', access: 'public', limit: 'none' } as const;

/** An app that works on two requests at a time, and a route that answers when it is told to. */
function buildBusyApp() {
  const wire = buildWireApp({ inFlightAtMost: 2 });
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  wire.app.get('/wait', { config: STATED }, async () => {
    waiting += 1;
    await gate.promise;
    return {};
  });
  return { ...wire, open: gate.resolve, waiting: () => waiting };
}

describe('when more is asked than can be worked on', () => {
  it('who comes too much is told so at once, and when to come back', async () => {
    await using busy = buildBusyApp();
    const working = [busy.app.inject('/wait'), busy.app.inject('/wait')];
    await until(() => busy.waiting() === 2);
    const refused = await busy.app.inject('/wait');
    assert.deepEqual([refused.statusCode, refused.json().code], [503, 'overloaded']);
    assert.equal(refused.headers['retry-after'], '1');
    const token = await busy.app.inject({ method: 'POST', url: '/api/v1/auth/token' });
    assert.deepEqual([token.statusCode, token.json().error], [503, 'temporarily_unavailable']);
    assert.equal((await busy.app.inject('/no-such-path')).statusCode, 503);
    busy.open();
    for (const answer of await Promise.all(working)) assert.equal(answer.statusCode, 200);
    assert.equal((await busy.app.inject('/wait')).statusCode, 200);
  });

  it('probes are answered all the same', async () => {
    await using busy = buildBusyApp();
    const working = [busy.app.inject('/wait'), busy.app.inject('/wait')];
    await until(() => busy.waiting() === 2);
    for (const path of ['/health', '/health/live', '/health/ready']) {
      assert.equal((await busy.app.inject(path)).statusCode, 200, path);
    }
    busy.open();
    await Promise.all(working);
  });

  it('who is still sending takes nobody’s place', async () => {
    await using busy = buildBusyApp();
    const { port } = await listen(busy.app);
    const head = 'POST /api/v1/auth/users/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const sockets = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) {
      await once(socket, 'connect');
      socket.write(`${head}Content-Length: 100\r\n\r\n{`);
    }
    // They are there once a request behind them is answered.
    for (let n = 0; n < 3; n += 1) {
      const answer = busy.app.inject('/wait');
      await until(() => busy.waiting() === n + 1);
      busy.open();
      assert.equal((await answer).statusCode, 200);
    }
    for (const socket of sockets) socket.destroy();
  });

  it('who hangs up makes room', async () => {
    await using busy = buildBusyApp();
    const { port } = await listen(busy.app);
    const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    for (const socket of sockets) socket.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => busy.waiting() === 2);
    assert.equal((await busy.app.inject('/wait')).statusCode, 503);
    for (const socket of sockets) {
      socket.destroy();
      await once(socket, 'close');
    }
    const answer = busy.app.inject('/wait');
    await until(() => busy.waiting() === 3);
    busy.open();
    assert.equal((await answer).statusCode, 200);
  });
});
