import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AskOptions, ask } from '../replicas/caller.ts';
import { type Haproxy, startHaproxy } from '../support/haproxy.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { describeDeployed } from './harness.ts';

const PROXY = '127.0.0.1';
const [ONE, OTHER] = ['127.0.0.2', '127.0.0.3'];
const LIMIT = 3;
const LIMITS = { RATE_LIMIT_LOGIN: `${LIMIT}/hour`, RATE_LIMIT_TOKEN: `${LIMIT}/hour` };

/** What a caller may send to pass for somebody else, or for nobody. */
const FORGED_ADDRESSES: readonly (string | string[])[] = [
  '1.1.1.1',
  OTHER,
  PROXY,
  `${OTHER}, ${PROXY}`,
  `${PROXY}, ${PROXY}, ${PROXY}`,
  ['1.1.1.1', '2.2.2.2'],
  [OTHER, PROXY],
  '1.1.1.1:443',
  `${PROXY}:80`,
  '2001:db8::1',
  '[2001:db8::1]:443',
  '::1',
  `::ffff:${PROXY}`,
  `[::ffff:${PROXY}]:80`,
  'unknown',
  '',
  ',',
  '"',
  `for=${OTHER}`,
  `${'1.1.1.1, '.repeat(500)}${PROXY}`,
];
const FORGERIES: readonly AskOptions['headers'][] = [
  {},
  ...FORGED_ADDRESSES.flatMap((forged) => {
    const forwarded = [forged].flat().map((address) => `for="${address}"`);
    return [
      { 'x-forwarded-for': forged },
      { forwarded },
      {
        'x-forwarded-for': forged,
        forwarded,
        'x-real-ip': [forged].flat()[0] ?? '',
        'x-client-ip': '1.1.1.1',
      },
    ];
  }),
  { X_Forwarded_For: '1.1.1.1', 'x-forwarded': '1.1.1.1', 'true-client-ip': '1.1.1.1', via: '1.1 a' },
  // What belongs to one connection alone; the proxy must not be talked into taking it away behind its own word.
  { 'x-forwarded-for': '1.1.1.1', connection: 'close, x-forwarded-for' },
];

/** The ways to tell the service about its proxy, and what the proxy does beside `option forwardfor`. */
const DEPLOYMENTS: readonly [settings: Record<string, string>, frontend: string[]][] = [
  [{ TRUSTED_PROXIES: PROXY }, []],
  [{ TRUSTED_PROXIES: '1' }, []],
  [
    { TRUSTED_PROXIES: PROXY, TRUSTED_PROXY_HEADER: 'forwarded' },
    ['http-request add-header Forwarded for=%[src];proto=http'],
  ],
];

describeDeployed('callers behind a proxy', () => {
  for (const [settings, frontend] of DEPLOYMENTS) {
    it(`have the address that the proxy saw, whatever they send, with ${JSON.stringify(settings)}`, async (t) => {
      await using stage = await startReplicas({ count: 2, settings });
      await using haproxy = await startHaproxy(stage.urls, { frontend });
      let sent = 0;
      for (const headers of FORGERIES) {
        for (const from of [ONE, OTHER]) {
          const id = await requestId(haproxy.url, from, headers);
          assert.equal(await loggedAddress(stage, id), from, JSON.stringify(headers));
          sent += 1;
        }
      }
      t.diagnostic(`${sent} requests, ${FORGERIES.length} ways to forge`);
      assert.deepEqual(haproxy.unwell(), []);
    });

    it(`have a bucket each, which forging neither empties nor fills, with ${JSON.stringify(settings)}`, async () => {
      await using stage = await startReplicas({ count: 2, settings: { ...settings, ...LIMITS } });
      await using haproxy = await startHaproxy(stage.urls, { frontend });
      for (const attempt of [logIn, failAtToken]) {
        const one = await statuses(haproxy, ONE, attempt);
        assert.deepEqual(one, [...Array(LIMIT).fill(401), ...Array(FORGERIES.length - LIMIT).fill(429)]);
        assert.deepEqual(await statuses(haproxy, OTHER, attempt), one);
      }
    });
  }

  it('who come past it are not believed', async () => {
    await using stage = await startReplicas({ count: 1, redis: false, settings: { TRUSTED_PROXIES: PROXY } });
    const [url = ''] = stage.urls;
    for (const headers of FORGERIES) {
      assert.equal(await loggedAddress(stage, await requestId(url, ONE, headers)), ONE);
    }
  });

  it('share its address where no proxy is trusted, which is warned about', async () => {
    await using stage = await startReplicas({ count: 1, redis: false, settings: LIMITS });
    await using haproxy = await startHaproxy(stage.urls);
    assert.equal(await loggedAddress(stage, await requestId(haproxy.url, ONE)), PROXY);
    for (let n = 0; n < LIMIT; n += 1) assert.equal((await logIn(haproxy, ONE)).status, 401);
    assert.equal((await logIn(haproxy, OTHER)).status, 429);
    const warning = 'A forwarding header is ignored because TRUSTED_PROXIES is not set';
    const warnings = () => stage.replicas[0]?.lines.filter(({ message }) => message === warning) ?? [];
    await until(() => warnings().length > 0);
    assert.deepEqual(
      warnings().map(({ level, header }) => [level, header]),
      [['WARNING', 'x-forwarded-for']],
    );
  });
});

/** Asks for something that is logged. @returns the id of the request */
async function requestId(url: string, from: string, headers: AskOptions['headers'] = {}): Promise<string> {
  const id = crypto.randomUUID();
  const { status } = await ask(url, 'GET /nowhere', { from, headers: { ...headers, 'x-request-id': id } });
  assert.equal(status, 404);
  return id;
}

async function loggedAddress({ replicas }: Replicas, id: string): Promise<unknown> {
  const found = () =>
    replicas
      .flatMap(({ lines }) => lines)
      .find(({ request_id, method }) => request_id === id && method === 'GET');
  await until(() => found() !== undefined);
  return found()?.client_ip;
}

/** Each time with another forgery. */
async function statuses(haproxy: Haproxy, from: string, attempt: typeof logIn): Promise<number[]> {
  const answers: number[] = [];
  for (const headers of FORGERIES) answers.push((await attempt(haproxy, from, headers)).status);
  return answers;
}

/** Each time as somebody else, since the failures of one e-mail are counted as well. */
function logIn({ url }: Haproxy, from: string, headers: AskOptions['headers'] = {}) {
  const body = { email: `${crypto.randomUUID()}@example.com`, password: 'wrong horse battery staple' };
  return ask(url, 'POST /users/login', { body, from, headers });
}

function failAtToken({ url }: Haproxy, from: string, headers: AskOptions['headers'] = {}) {
  const basic = `Basic ${Buffer.from(`${crypto.randomUUID()}:wrong`).toString('base64')}`;
  return ask(url, 'POST /token', { basic, form: { grant_type: 'client_credentials' }, from, headers });
}
