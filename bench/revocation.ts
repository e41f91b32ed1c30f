/**
 * How long a token is still taken by the other replicas once one has acknowledged that it was revoked:
 * `node bench/revocation.ts postgresql://… redis://…`, an empty database and a Redis to write to. Three processes, with
 * Redis and then without. Reports, and judges nothing.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Settings, say, withFolder, withService } from './service.ts';

const REVOCATIONS = 200;
const AT_ONCE = 10;
/** Between two looks at one token on one replica: what is measured is at most this much too long. */
const LOOK_INTERVAL_MS = 2;
/** Longer than the poll, so that revocations fall anywhere between two looks of it. */
const SPREAD_MS = 1_000;
const API = '/api/v1/auth';
const PUBLIC_URL = 'http://localhost:8000';
const ADMINISTRATOR = { email: 'administrator@example.com', password: 'Wr3ath-Kettle-Lantern-71' };

const [databaseUrl, redisUrl] = process.argv.slice(2);
if (databaseUrl === undefined || redisUrl === undefined) {
  throw new Error('Name an empty database and a Redis: node bench/revocation.ts postgresql://… redis://…');
}
const settings: Settings = {
  PUBLIC_URL,
  AUTH_SERVICE_DATABASE_URL: databaseUrl,
  ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  INITIAL_ADMIN_EMAIL: ADMINISTRATOR.email,
  INITIAL_ADMIN_PASSWORD: ADMINISTRATOR.password,
  RATE_LIMIT_TOKEN: 'off',
  RATE_LIMIT_LOGIN: 'off',
};

say(`acknowledged → refused by the last of two others, ${REVOCATIONS} revocations, milliseconds`);
say(`  ${''.padEnd(16)}${['p50', 'p99', 'max'].map((name) => name.padStart(10)).join('')}`);
for (const [name, more] of [
  ['with Redis', { REDIS_URL: redisUrl }],
  ['without Redis', {}],
] as const) {
  const taken = await withReplicas({ ...settings, ...more }, 3, measure);
  const figures = [0.5, 0.99, 1].map((share) => at(taken, share).toFixed(1).padStart(10));
  say(`  ${name.padEnd(16)}${figures.join('')}`);
}

function withReplicas<T>(
  shared: Settings,
  count: number,
  work: (urls: readonly string[]) => Promise<T>,
): Promise<T> {
  if (count === 0) return work([]);
  return withFolder(shared, (env) =>
    withService(env, ({ url }) => withReplicas(shared, count - 1, (urls) => work([url, ...urls]))),
  );
}

async function measure([first = '', ...others]: readonly string[]): Promise<number[]> {
  const basic = await makeClient(first);
  const taken: number[] = [];
  const one = async () => {
    while (taken.length < REVOCATIONS) taken.push(await revokeOnce(first, others, basic));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return taken.slice(0, REVOCATIONS).toSorted((a, b) => a - b);
}

async function makeClient(url: string): Promise<string> {
  const { access_token: token } = await send(url, '/users/login', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMINISTRATOR),
  });
  const { client_id, client_secret } = await send(url, '/admin/clients', {
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ client_name: `Bench ${randomUUID()}` }),
  });
  return `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
}

async function revokeOnce(first: string, others: readonly string[], authorization: string): Promise<number> {
  const form = (parameters: Record<string, string>) => ({
    headers: { authorization },
    body: new URLSearchParams(parameters),
  });
  const { access_token } = await send(first, '/token', form({ grant_type: 'client_credentials' }));
  const token = String(access_token);
  const isActive = async (url: string) => (await send(url, '/introspect', form({ token }))).active === true;
  for (const url of others) {
    if (!(await isActive(url))) throw new Error('a new token is not taken');
  }
  await sleep(Math.random() * SPREAD_MS);
  await send(first, '/revoke', form({ token }));
  const acknowledgedAt = performance.now();
  await Promise.all(
    others.map(async (url) => {
      while (await isActive(url)) await sleep(LOOK_INTERVAL_MS);
    }),
  );
  return performance.now() - acknowledgedAt;
}

async function send(url: string, path: string, request: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url + API + path, { method: 'POST', ...request });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}
