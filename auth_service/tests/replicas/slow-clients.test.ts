import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReplicas } from '../support/replicas.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { askForToken, logInAdministrator } from './caller.ts';
import { describeReplicas } from './harness.ts';

const IDLE = 300;
const DRIPPING = 100;
const HEADERS = 'POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
/** Bounds of the product, with the second in which it looks and room for a machine that has much to do. */
const HEADERS_CUT_WITHIN_MS = 10_000 + 5_000;
const BODY_CUT_WITHIN_MS = 30_000 + 8_000;

async function open(port: number, first: string, drip: string | null): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (first !== '') socket.write(first);
  const dripping = setInterval(() => drip !== null && socket.writable && socket.write(drip), 500);
  socket.once('close', () => clearInterval(dripping));
  return socket;
}

const openMany = (count: number, ...how: Parameters<typeof open>) =>
  Promise.all(Array.from({ length: count }, () => open(...how)));

/** The status that each got before it was cut, and how long that took. */
async function readToCut(sockets: readonly Socket[], withinMs: number): Promise<void> {
  const startedAt = performance.now();
  const ends = sockets.map(async (socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    if (!socket.closed) await once(socket, 'close');
    assert.ok(text === '' || text.startsWith('HTTP/1.1 408 '), text);
  });
  await Promise.all(ends);
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs <= withinMs, `cut after ${tookMs.toFixed(0)} ms`);
}

describeReplicas('clients that send slowly, or nothing', () => {
  it('are cut in bounded time, and keep nobody from being served', async () => {
    await using stage = await startReplicas({ count: 1, redis: false });
    const [url = ''] = stage.urls;
    const port = Number(new URL(url).port);
    await using halfOpen = await startTcpProxy(port);
    const client = await (await logInAdministrator(url)).makeClient();

    const idle = await openMany(IDLE, port, '', null);
    const mute = await openMany(DRIPPING, halfOpen.port, HEADERS, null);
    halfOpen.pause();
    const headers = readToCut(await openMany(DRIPPING, port, HEADERS, 'X-Y: z\r\n'), HEADERS_CUT_WITHIN_MS);
    const begun = `${HEADERS}Content-Length: 100000\r\n\r\n`;
    const bodies = readToCut(await openMany(DRIPPING, port, begun, 'x'), BODY_CUT_WITHIN_MS);

    let isOver = false;
    const cut = Promise.all([headers, bodies]).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const answer = await askForToken(url, client.basic);
      assert.equal(answer.status, 200);
      assert.ok(answer.tookMs < 2_000, `${answer.tookMs.toFixed(0)} ms beside them`);
      await sleep(250);
    }
    await cut;
    for (const socket of [...idle, ...mute]) socket.destroy();
    assert.deepEqual(await stage.replicas[0]?.stop(), { code: 0, signal: null });
  });
});
