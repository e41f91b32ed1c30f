import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openService } from '#compose';
import { loadConfig } from '#config';
import { run } from '../cli/command-line.ts';
import { describeOn, type OpenTestDatabase, type TestDatabase } from '../support/databases.ts';
import { pgBouncerSkipReason, startPgBouncer } from '../support/pgbouncer.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { ADMIN, pooledEnvironment, SERVER_CONNECTIONS } from './pooled-environment.ts';

const reason = pgBouncerSkipReason();
const skip = reason === null ? {} : { skip: reason };

type Settings = Readonly<Record<string, string>>;
type Json = Record<string, unknown>;

/** One replica before the pooler, listening. */
async function startReplica(settings: Settings) {
  const config = loadConfig(pooledEnvironment(settings));
  const logger = Object.assign(createRecordingLogger(), { flush: () => {} });
  const service = await openService({ config, mode: 'serve', logger });
  const { url, ready } = await service.start();
  return { service, url, ready, [Symbol.asyncDispose]: () => service.close() };
}

/** A database without a schema, its pooler, and the way past the pooler with its connections counted. */
async function openPooled(open: OpenTestDatabase) {
  const database = await open({ migrated: false });
  if (database.config.kind !== 'postgres') throw new Error('not PostgreSQL');
  const { url } = database.config;
  const pooler = await startPgBouncer(url, { default_pool_size: SERVER_CONNECTIONS });
  const direct = await startTcpProxy(Number(new URL(url).port));
  const directUrl = new URL(url);
  directUrl.port = String(direct.port);
  return {
    database,
    pooler,
    direct,
    settings: { AUTH_SERVICE_DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: directUrl.href },
    async [Symbol.asyncDispose]() {
      await pooler[Symbol.asyncDispose]();
      await direct[Symbol.asyncDispose]();
    },
  };
}

async function send(url: string, init: RequestInit & { json?: unknown; token?: string } = {}) {
  const { json, token, ...rest } = init;
  const headers = new Headers(rest.headers);
  if (json !== undefined) headers.set('content-type', 'application/json');
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const body = json === undefined ? rest.body : JSON.stringify(json);
  const answer = await fetch(url, { ...rest, headers, ...(body == null ? {} : { body, method: 'POST' }) });
  return { status: answer.status, body: (await answer.json()) as Json };
}

const people = (url: string) => `${url}/api/v1/auth/users`;
const admin = (url: string) => `${url}/api/v1/auth/admin`;

async function logIn(url: string): Promise<string> {
  const { status, body } = await send(`${people(url)}/login`, { json: ADMIN });
  assert.equal(status, 200, JSON.stringify(body));
  return String(body.access_token);
}

async function createClient(url: string, token: string, more: Json = {}) {
  const json = { client_name: 'Orders worker', ...more };
  const { status, body } = await send(`${admin(url)}/clients`, { json, token });
  assert.equal(status, 201, JSON.stringify(body));
  const basic = Buffer.from(`${body.client_id}:${body.client_secret}`).toString('base64');
  return { id: String(body.client_id), authorization: `Basic ${basic}` };
}

function askOauth(url: string, path: string, authorization: string, form: Record<string, string>) {
  const body = new URLSearchParams(form);
  return send(`${url}/api/v1/auth/${path}`, { headers: { authorization }, body });
}

const askForToken = (url: string, authorization: string) =>
  askOauth(url, 'token', authorization, { grant_type: 'client_credentials' });

describeOn('postgres', 'two replicas behind PgBouncer', (open) => {
  it('agree, and go past it for the schema alone', skip, async () => {
    await using pooled = await openPooled(open);
    await using one = await startReplica(pooled.settings);
    const migrated = pooled.direct.accepted();
    assert.equal(one.ready, true);
    assert.ok(migrated > 0, 'the migrations went past the pooler');
    await using two = await startReplica(pooled.settings);

    const token = await logIn(one.url);
    for (const [path, name] of [
      ['roles', 'orders-reader'],
      ['permissions', 'orders:read'],
    ]) {
      assert.equal((await send(`${admin(one.url)}/${path}`, { json: { name }, token })).status, 201);
    }
    const roles = await send(`${admin(one.url)}/roles?q=orders-reader`, { token });
    const [role] = roles.body.items as { id: string }[];
    const grant = { json: { permission: 'orders:read' }, token };
    assert.equal((await send(`${admin(two.url)}/roles/${role?.id}/permissions`, grant)).status, 201);
    const client = await createClient(one.url, token, { assigned_roles: ['orders-reader'] });
    const issued = await askForToken(two.url, client.authorization);
    assert.deepEqual([issued.status, issued.body.scope], [200, 'orders:read']);

    const form = { token: String(issued.body.access_token) };
    const isActive = async () =>
      (await askOauth(two.url, 'introspect', client.authorization, form)).body.active;
    assert.equal(await isActive(), true);
    assert.equal((await askOauth(one.url, 'revoke', client.authorization, form)).status, 200);
    while (await isActive()) await sleep(20);

    const listed = await send(`${admin(one.url)}/audit?subject=${client.id}`, { token });
    const actions = (listed.body.items as { action: string }[]).map(({ action }) => action);
    assert.ok(actions.includes('client.created'), actions.join());
    await madeOnce([one.url, two.url], token);
    assert.equal(pooled.direct.accepted(), migrated, 'nothing else goes past the pooler');
  });

  it('have their transactions bounded at the server, standing ones too', skip, async () => {
    await using pooled = await openPooled(open);
    await using one = await startReplica({ ...pooled.settings, DB_STATEMENT_TIMEOUT_SECONDS: '1' });
    const token = await logIn(one.url);
    const backends = async (which: string) => {
      const [counted] = await pooled.database.query(`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and ${which}`);
      return (counted as { n: number }).n;
    };
    await holdingRoles(pooled.database, async () => {
      const answer = await send(`${admin(one.url)}/roles`, { json: { name: 'must-wait' }, token });
      assert.deepEqual([answer.status, answer.body.code], [503, 'database_unavailable']);
      assert.equal(await backends("wait_event_type = 'Lock'"), 0, 'nobody waits on for one who has gone');
    });
    const standing = one.service.storage.transaction(async ({ roles }) => {
      await roles.list({ limit: 1, offset: 0 });
      while ((await backends("state = 'idle in transaction'")) > 0) await sleep(20);
      await roles.list({ limit: 1, offset: 0 });
    });
    await assert.rejects(standing, { code: 'database_unavailable' });
  });

  it('are told which URL cannot be reached when it is the direct one', skip, async () => {
    await using pooled = await openPooled(open);
    const settings = pooledEnvironment({
      ...pooled.settings,
      DATABASE_DIRECT_URL: 'postgresql://u@127.0.0.1:1/x',
    });
    const { code, stderr } = await run(['migrate', 'up'], settings);
    assert.equal(code, 1);
    assert.match(stderr, /DATABASE_DIRECT_URL/);
  });
});

/** Of two replicas that make the same thing, one does, and the other hears of it: locks are those of transactions. */
async function madeOnce(urls: readonly string[], token: string): Promise<void> {
  const json = { name: 'made-by-many' };
  const tries = Array.from({ length: 20 }, (_, n) =>
    send(`${admin(urls[n % 2] ?? '')}/roles`, { json, token }),
  );
  const statuses = (await Promise.all(tries)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, ...Array.from({ length: 19 }, () => 409)]);
}

/** While nobody else can write to the table of roles. */
async function holdingRoles({ config }: TestDatabase, work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: config.kind === 'postgres' ? config.url : '' });
  await client.connect();
  try {
    await client.query('begin; lock table auth_service_data.roles in share mode');
    await work();
  } finally {
    await client.end();
  }
}
