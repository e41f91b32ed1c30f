import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { ask } from '../replicas/caller.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { describeDeployed } from './harness.ts';

/** Nothing more comes on a connection that says nothing for as long, in milliseconds. */
const SILENCE_MS = 60;

/** Read as a request by whoever sees the body end too early. */
const INNER = 'GET /inner HTTP/1.1\r\nHost: a\r\n\r\n';
const CHUNKED = `0\r\n\r\n${INNER}`;
const length = (body: string) => `Content-Length: ${body.length}\r\n`;

const get = (headers: string) => `GET /outer HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
const post = (headers: string, body: string) => `POST /outer HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;

/** To be read as chunks by one side, and by its length by the other. */
const ENCODINGS: readonly string[] = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding:\vchunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding: x\r\n chunked',
  'X: x\nTransfer-Encoding: chunked',
  'X: x\rTransfer-Encoding: chunked',
  ' Transfer-Encoding: chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding\0: chunked',
  'Connection: transfer-encoding\r\nTransfer-Encoding: chunked',
];

/** To be read as a length by one side, and as none or another one by the other. */
const LENGTHS: readonly string[] = [
  `Content-Length: +${INNER.length}`,
  `Content-Length: ${INNER.length}, ${INNER.length}`,
  `Content-Length: ${INNER.length}\r\nContent-Length: 0`,
  `Content-Length: 0\r\nContent-Length: ${INNER.length}`,
  `Content-Length: 0x${INNER.length.toString(16)}`,
  `Content-Length : ${INNER.length}`,
  `Content-Length: -1`,
  `Content-Length: ${INNER.length} 0`,
  `Content-Length: 0\0${INNER.length}`,
  `Content-Length: 99999999999999999999`,
  `Content_Length: ${INNER.length}`,
  `Connection: content-length\r\nContent-Length: ${INNER.length}`,
];

/** Ends of the last chunk, and what may pass for one. */
const CHUNKS: readonly string[] = [
  `0\n\n${INNER}`,
  `0;x=\n${INNER}\r\n\r\n`,
  `0x0\r\n\r\n${INNER}`,
  `-1\r\n${INNER}`,
  `+0\r\n\r\n${INNER}`,
  `1\r\nab\r\n0\r\n\r\n${INNER}`,
  `ffffffffffffffff1\r\n${INNER}`,
  `0\r\nX: y\r\n\r\n${INNER}`,
  `0\r\nContent-Length: 5\r\n\r\n${INNER}`,
  ` 0\r\n\r\n${INNER}`,
  `0 \r\n\r\n${INNER}`,
];

const ATTACKS: readonly string[] = [
  ...ENCODINGS.flatMap((encoding) => [
    post(`${length(CHUNKED)}${encoding}\r\n`, CHUNKED),
    post(`${encoding}\r\n${length(CHUNKED)}`, CHUNKED),
    post(`Content-Length: 5\r\n${encoding}\r\n`, CHUNKED),
    post(`${encoding}\r\n`, CHUNKED),
    post(`${length(CHUNKED)}${encoding}\r\n`, CHUNKED).replace('HTTP/1.1', 'HTTP/1.0'),
  ]),
  ...LENGTHS.map((header) => post(`${header}\r\n`, INNER)),
  ...CHUNKS.map((chunks) => post('Transfer-Encoding: chunked\r\n', chunks)),
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'].map((method) =>
    post(length(INNER), INNER).replace('POST', method),
  ),
  get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n') +
    INNER,
  get(
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AA==\r\n',
  ) + INNER,
  `CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n${INNER}`,
  post(`Expect: 100-continue\r\n${length(INNER)}`, INNER),
  get('Host: b\r\n'),
  `GET http://b/outer HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET /outer\r\n\r\n${INNER}`,
  `GET /out\0er HTTP/1.1\r\nHost: a\r\n\r\n`,
  get('X: \x80\r\n'),
];

/** Two, of which one hands on what it would refuse. */
const PROXIES: readonly [name: string, frontend: string[]][] = [
  ['a strict proxy', []],
  ['a lenient proxy', ['option accept-invalid-http-request']],
];

describeDeployed('a request hidden in another one', () => {
  for (const [name, frontend] of PROXIES) {
    it(`is never answered past ${name}, and whoever comes next over the same connection gets the own answer`, async (t) => {
      await using stage = await startReplicas({ count: 1, redis: false });
      const [replica] = stage.replicas;
      const options = { frontend, check: 'inter 200ms maxconn 1' };
      await using haproxy = await startHaproxy(stage.urls, options);
      const served = (path: string) => replica?.lines.filter((line) => line.path === path).length ?? 0;
      const passed = (path: string) =>
        haproxy.passed.filter(({ request }) => request.includes(` ${path} `)).length;
      for (const attack of ATTACKS) {
        await send(haproxy.port, attack);
        const next = await ask(haproxy.url, 'GET /health/live');
        assert.deepEqual([next.status, next.body], [200, { status: 'ok' }], JSON.stringify(attack));
      }
      // What is logged last has all that is before it.
      await ask(haproxy.url, 'GET /last');
      await until(() => served('/api/v1/auth/last') === 1 && passed('/api/v1/auth/last') === 1);
      t.diagnostic(`${ATTACKS.length} attacks, of which ${passed('/outer')} were passed on`);
      assert.ok(served('/outer') > 0);
      assert.ok(
        served('/inner') <= passed('/inner'),
        `${served('/inner')} answered, ${passed('/inner')} passed`,
      );
      assert.deepEqual(
        haproxy.passed.filter(({ status }) => status >= 500),
        [],
      );
    });
  }
});

/** As it stands, and no more; whoever waits for the rest is left behind. */
function send(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
  });
}
