import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askForToken, logInAdministrator } from '../replicas/caller.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { startReplicas } from '../support/replicas.ts';
import { describeDeployed } from './harness.ts';

const EACH = 50;
const HEAD = 'POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
const DRIP_MS = 500;

describeDeployed('slow callers behind a proxy', () => {
  it('keep nobody from being served, and are told 408 by the service itself', async (t) => {
    await using stage = await startReplicas({ count: 1, redis: false });
    await using haproxy = await startHaproxy(stage.urls);
    const client = await (await logInAdministrator(haproxy.url)).makeClient();
    // The proxy waits for the whole head by itself, and hands a body on as it comes.
    const heads = Array.from({ length: EACH }, () => drip(haproxy.port, HEAD, 'X-Y: z\r\n'));
    const bodies = Array.from({ length: EACH }, () =>
      drip(haproxy.port, `${HEAD}Content-Length: 100000\r\n\r\n`, 'x'),
    );
    let isOver = false;
    const answers = Promise.all(bodies.map(answerOf)).finally(() => {
      isOver = true;
    });
    let served = 0;
    while (!isOver) {
      assert.equal((await askForToken(haproxy.url, client.basic)).status, 200);
      served += 1;
      await sleep(100);
    }
    for (const answer of await answers) assert.match(answer, /^HTTP\/1\.1 408 .*"code":"request_timeout"/s);
    t.diagnostic(`${served} requests served beside ${heads.length} heads and ${bodies.length} bodies`);
    for (const socket of heads) socket.destroy();
    assert.deepEqual(
      haproxy.passed.filter(({ status }) => status >= 500),
      [],
    );
  });
});

/** Begins, and then goes on a little at a time. */
function drip(port: number, first: string, more: string): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(first));
  const dripping = setInterval(() => socket.writable && socket.write(more), DRIP_MS);
  socket.on('error', () => {});
  socket.once('close', () => clearInterval(dripping));
  return socket;
}

/** The proxy keeps the connection for as long as the rest of the request may come. */
function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('}')) socket.destroy();
    });
    socket.once('close', () => resolve(text));
  });
}
