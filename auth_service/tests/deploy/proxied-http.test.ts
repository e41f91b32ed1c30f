import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Administrator, ask, askForToken, type Client, logInAdministrator } from '../replicas/caller.ts';
import { freePort } from '../support/free-port.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { PUBLIC_URL, type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { describeDeployed } from './harness.ts';

const TOKEN = '/api/v1/auth/token';
const AT_ONCE = 20;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
/** Room for headers that are too large for the service, and would be for the proxy. */
const ROOMY = { global: ['tune.bufsize 131072'] };
/** One connection to the server, so that what is left over on it is taken for the next answer. */
const NARROW = { check: 'inter 200ms maxconn 1' };

describeDeployed('HTTP behind a proxy', () => {
  let stage: Replicas;
  let administrator: Administrator;
  let client: Client;
  before(async () => {
    stage = await startReplicas({ count: 1, settings: { TRUSTED_PROXIES: '127.0.0.1' } });
    administrator = await logInAdministrator(stage.urls[0] ?? '');
    client = await administrator.makeClient();
  });
  after(() => stage[Symbol.asyncDispose]());

  it('HEAD has no body, and what follows on its connection is not mistaken for one', async () => {
    await using haproxy = await startHaproxy(stage.urls, NARROW);
    for (let n = 0; n < 10; n += 1) {
      for (const [path, status] of [
        ['/health', 200],
        ['/health/ready', 200],
        ['/users/me', 401],
        ['/token', 405],
        ['/nowhere', 404],
      ] as const) {
        const head = await ask(haproxy.url, `HEAD ${path}`);
        assert.deepEqual([head.status, head.body], [status, null], path);
        assert.equal((await ask(haproxy.url, 'GET /health/live')).body.status, 'ok');
      }
    }
    assert.ok((await haproxy.connections()).reused >= 100 - 5);
    assert.deepEqual(haproxy.unwell(), []);
  });

  it('bodies come in chunks of any size, and with an expectation', async () => {
    await using haproxy = await startHaproxy(stage.urls, NARROW);
    const form = new URLSearchParams({ grant_type: 'client_credentials', resource: PUBLIC_URL }).toString();
    for (const size of [1, 7, form.length]) {
      const chunks = form.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
      for (const more of [{}, { expect: '100-continue' }]) {
        const headers = { ...FORM, authorization: client.basic, ...more };
        assert.equal(await sendChunks(haproxy.port, headers, chunks), 200);
      }
    }
    assert.deepEqual(haproxy.unwell(), []);
  });

  it('headers that are too large are answered with 431, in full, and a body with 413', async () => {
    await using haproxy = await startHaproxy(stage.urls, ROOMY);
    for (const size of [17_000, 40_000, 100_000]) {
      const headers = { 'x-large': 'x'.repeat(size) };
      const statuses = await atOnce(async () => {
        const { status, body } = await ask(haproxy.url, 'GET /health/live', { headers });
        return [status, body.code];
      });
      assert.deepEqual(statuses, Array(AT_ONCE).fill([431, 'headers_too_large']));
    }
    for (const count of [17, 40, 200]) {
      const chunks = Array.from({ length: count }, () => Buffer.alloc(65_536, 'x'));
      const known = { ...FORM, 'content-length': String(count * 65_536) };
      assert.deepEqual(await atOnce(() => sendChunks(haproxy.port, known, chunks)), Array(AT_ONCE).fill(413));
      assert.deepEqual(await atOnce(() => sendChunks(haproxy.port, FORM, chunks)), Array(AT_ONCE).fill(413));
    }
    assert.equal((await askForToken(haproxy.url, client.basic)).status, 200);
    assert.deepEqual(
      haproxy.passed.filter(({ status }) => status >= 500),
      [],
    );
  });

  it('callers who speak HTTP/2 to the proxy are served, many at once, by their own address', async () => {
    const port = await freePort();
    await using haproxy = await startHaproxy(stage.urls, { frontend: [`bind 127.0.0.1:${port} proto h2`] });
    const session = connectHttp2(`http://127.0.0.1:${port}`, { localAddress: '127.0.0.2' } as object);
    const answers = await atOnce(() => askOverHttp2(session, client.basic));
    session.close();
    assert.deepEqual(answers, Array(AT_ONCE).fill(200));
    const lines = stage.replicas[0]?.lines ?? [];
    const fromHere = () => lines.filter((line) => line.path === TOKEN && line.client_ip === '127.0.0.2');
    await until(() => fromHere().length === AT_ONCE);
    assert.deepEqual(haproxy.unwell(), []);
  });

  it('a proxy that ends its idle connections itself loses no request, at whatever pauses they come', async (t) => {
    // It looks every 300 ms, and ends half of what was idle all the time.
    await using haproxy = await startHaproxy(stage.urls, {
      backend: ['default-server pool-purge-delay 300ms'],
    });
    const [idleForSeconds] = /\d+/.exec(await keepAliveOf(stage.urls[0] ?? '')) ?? [];
    assert.ok(Number(idleForSeconds) > 600, 'longer than any of the proxies that decision 27 names');
    const callers = Array.from({ length: 30 }, async (_, caller) => {
      const statuses: number[] = [];
      for (let n = 0; n < 25; n += 1) {
        statuses.push((await askForToken(haproxy.url, client.basic)).status);
        await sleep(250 + ((n * 37 + caller * 11) % 120));
      }
      return statuses;
    });
    const statuses = (await Promise.all(callers)).flat();
    assert.deepEqual([...new Set(statuses)], [200]);
    assert.deepEqual(haproxy.unwell(), []);
    const { made, reused } = await haproxy.connections();
    t.diagnostic(`${statuses.length} requests, none failed; ${reused} over kept connections, ${made} made`);
    assert.ok(made > 30 && reused > 0);
  });
});

function atOnce<T>(work: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Each chunk as one write. @returns the status */
function sendChunks(
  port: number,
  headers: Record<string, string>,
  chunks: readonly (string | Buffer)[],
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: TOKEN, method: 'POST', headers, agent: false };
    const sent = request(options, (answer) => {
      answer.resume().on('error', reject);
      answer.on('end', () => resolve(answer.statusCode));
    });
    const send = () => {
      for (const chunk of chunks) sent.write(chunk);
      sent.end();
    };
    sent.on('error', reject);
    if (headers.expect === undefined) send();
    else sent.on('continue', send).flushHeaders();
  });
}

function askOverHttp2(session: ReturnType<typeof connectHttp2>, basic: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: TOKEN,
      authorization: basic,
      'x-forwarded-for': '1.1.1.1',
      ...FORM,
    });
    let status: number | undefined;
    stream.on('response', (headers) => {
      status = Number(headers[constants.HTTP2_HEADER_STATUS]);
    });
    stream.on('error', reject).on('end', () => resolve(status));
    stream.resume().end('grant_type=client_credentials');
  });
}

/** How long the server says that it keeps an idle connection. */
async function keepAliveOf(url: string): Promise<string> {
  return String((await fetch(`${url}/health/live`)).headers.get('keep-alive'));
}
