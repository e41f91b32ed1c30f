import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { buildWireApp, type WireApp } from './support/build-wire-app.ts';
import { listen, parseAnswer, readToEnd, sendRaw } from './support/raw-connection.ts';

const TOKEN_PATH = '/api/v1/auth/token';

describe('on a real connection', () => {
  let wire: WireApp;
  let port: number;
  let url: string;

  before(async () => {
    wire = buildWireApp();
    ({ port, url } = await listen(wire.app));
  });
  after(() => wire.app.close());

  const malformed: [string, string, number][] = [
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a request line that never was', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400],
    ['a header without a name', 'GET /health HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n', 400],
    ['a NUL byte in a header', 'GET /health HTTP/1.1\r\nHost: a\r\nX-Y: a\0b\r\n\r\n', 400],
    ['a folded header', 'GET /health HTTP/1.1\r\nHost: a\r\nX-Y: a\r\n b\r\n\r\n', 400],
    [
      'two lengths',
      `POST ${TOKEN_PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      400,
    ],
    [
      'a length beside chunks',
      `POST ${TOKEN_PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'a chunk that is none',
      `POST ${TOKEN_PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    ['headers beyond 16 kB', `GET /health HTTP/1.1\r\nHost: a\r\nX-Y: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['no Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ];
  for (const [name, bytes, status] of malformed) {
    it(`answers ${name} with ${status}, a request id and a problem, and says no more`, async () => {
      const answer = await sendRaw(port, bytes);
      assert.equal(answer.status, status);
      assert.ok(answer.headers['x-request-id']);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      // The token endpoint was reached before its body proved broken: it speaks its own dialect.
      const { code, error } = JSON.parse(answer.body) as { code?: string; error?: string };
      assert.ok(code !== undefined || error === 'invalid_request');
    });
  }

  it('answers an expectation it does not know like a request without one', async () => {
    const answer = await sendRaw(
      port,
      'GET /health HTTP/1.1\r\nHost: a\r\nExpect: miracle\r\nConnection: close\r\n\r\n',
    );
    assert.equal(answer.status, 200);
    assert.ok(answer.headers['x-request-id']);
  });

  it('answers methods that HTTP knows and we do not with 404 or 405', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'QUERY', 'LOCK', 'M-SEARCH']) {
      for (const [path, status] of [
        ['/health', 405],
        [TOKEN_PATH, 405],
        ['/nowhere', 404],
      ] as const) {
        const answer = await sendRaw(
          port,
          `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
        );
        assert.equal(answer.status, status, `${method} ${path}`);
        assert.ok(answer.headers['x-request-id']);
      }
    }
  });

  it('answers CONNECT with 405, a request id and a problem, and serves no tunnel', async () => {
    const inner = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await sendRaw(port, `CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${inner}`);
    assert.deepEqual([answer.status, answer.headers.allow, answer.headers.connection], [405, '', 'close']);
    const { code, request_id } = JSON.parse(answer.body) as Record<string, string>;
    assert.deepEqual([code, request_id], ['method_not_allowed', answer.headers['x-request-id']]);
    assert.ok(wire.logged().some((line) => line.request_id === request_id && line.status === 405));
  });

  it('tells who sends a body of 2 MB that it is too large, in full', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const body = `grant_type=${'x'.repeat(2 * 1_048_576)}`;
      const answer = await fetch(`${url}${TOKEN_PATH}`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
      assert.equal(answer.status, 413);
      assert.deepEqual(await answer.json(), {
        error: 'invalid_request',
        error_description: 'The body is larger than 1 MB.',
      });
    }
  });

  it('tells it to who sends chunks without saying how many', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const upload = request(`${url}${TOKEN_PATH}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    upload.on('response', ({ statusCode }) => resolve(statusCode));
    upload.on('error', reject);
    for (let sent = 0; sent < 32; sent += 1) upload.write(Buffer.alloc(65_536, 'x'));
    upload.end();
    assert.equal(await promise, 413);
  });

  it('reads no endless body', async () => {
    const text = await readToEnd(port, (socket) => {
      socket.write(
        `POST ${TOKEN_PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 999999999\r\n\r\n`,
      );
      const chunk = Buffer.alloc(1_048_576, 'x');
      const send = (): void => {
        if (!socket.destroyed) socket.write(chunk, () => setImmediate(send));
      };
      socket.on('end', () => socket.destroy());
      send();
    }).catch(() => 'HTTP/1.1 413 reset before it was read\r\n\r\n');
    assert.equal(parseAnswer(text).status, 413);
  });

  it('closes on headers that drip', async () => {
    await using slow = buildWireApp();
    slow.app.server.headersTimeout = 200;
    const { port: slowPort } = await listen(slow.app);
    const text = await readToEnd(slowPort, (socket) => {
      socket.write('GET /health HTTP/1.1\r\nHost: a\r\n');
      const drip = setInterval(() => socket.write('X-Y: z\r\n'), 50);
      socket.on('close', () => clearInterval(drip));
      socket.on('end', () => clearInterval(drip));
    });
    const answer = parseAnswer(text);
    assert.equal(answer.status, 408);
    assert.equal(JSON.parse(answer.body).code, 'request_timeout');
    assert.ok(answer.headers['x-request-id']);
  });

  it('says nothing into a connection whose client is gone', async () => {
    const lines = wire.logged().length;
    await readToEnd(port, (socket) => {
      socket.write('GET /hea');
      socket.destroy();
    });
    assert.equal((await fetch(`${url}/health/live`)).status, 200);
    assert.ok(wire.logged().length - lines <= 2);
  });
});
