import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openService, type Service } from '#compose';
import { loadConfig } from '#config';
import { run } from '../cli/command-line.ts';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { pgBouncerSkipReason, startPgBouncer } from '../support/pgbouncer.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';
import { ADMIN, pooledEnvironment, SERVER_CONNECTIONS } from './pooled-environment.ts';

function directUrlOf({ config }: TestDatabase): string {
  assert.ok(config.kind === 'postgres');
  return config.url;
}

/** The whole service, listening, behind a pooler of its own; schema changes go past it. */
async function startBehindPgBouncer(
  direct: TestDatabase,
  { settings = {}, statementTimeoutMs = 10_000 }: { settings?: object; statementTimeoutMs?: number } = {},
) {
  const directUrl = directUrlOf(direct);
  const pooler = await startPgBouncer(directUrl, { default_pool_size: SERVER_CONNECTIONS, ...settings });
  const database = { ...direct.config, url: pooler.url, directUrl, statementTimeoutMs };
  const logger = Object.assign(createRecordingLogger(), { flush: () => {} });
  const config = { ...loadConfig(pooledEnvironment()), database } as Service['config'];
  const service = await openService({ config, mode: 'serve', logger });
  const { url } = await service.start();
  await until(async () => (await fetch(`${url}/health/ready`)).status === 200);
  return {
    ...api(`${url}/api/v1/auth`),
    pooler,
    service,
    url,
    async [Symbol.asyncDispose]() {
      await service.close();
      await pooler.stop();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly retryAfter: string | null;
}

function api(root: string) {
  const send = async (method: string, path: string, body: object, headers = {}): Promise<Answer> => {
    const answer = await fetch(root + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const parsed = (await answer.json()) as Record<string, unknown>;
    return { status: answer.status, body: parsed, retryAfter: answer.headers.get('retry-after') };
  };
  const form = (path: string, credentials: string, fields: object) =>
    send('POST', path, fields, { authorization: `Basic ${btoa(credentials)}` });
  return {
    logIn: (person = ADMIN) => send('POST', '/users/login', person),
    register: (email: string) => send('POST', '/users/register', { ...ADMIN, email }),
    administrate: (token: unknown, path: string, body: object) =>
      send('POST', `/admin${path}`, body, { authorization: `Bearer ${token}` }),
    token: (credentials: string) => form('/token', credentials, { grant_type: 'client_credentials' }),
    introspect: (credentials: string, token: unknown) => form('/introspect', credentials, { token }),
    revoke: (credentials: string, token: unknown) => form('/revoke', credentials, { token }),
  };
}

type Api = ReturnType<typeof api>;

async function adminToken(it: Api): Promise<unknown> {
  const answer = await it.logIn();
  assert.equal(answer.status, 200);
  return answer.body.access_token;
}

async function createClient(it: Api, admin: unknown, name: string): Promise<string> {
  const { status, body } = await it.administrate(admin, '/clients', { client_name: name });
  assert.equal(status, 201);
  return `${body.client_id}:${body.client_secret}`;
}

const skip = pgBouncerSkipReason();

describeOn('postgres', 'behind PgBouncer in transaction mode', (openDatabase) => {
  const test = (name: string, work: () => Promise<void>) => it(name, { skip: skip ?? false }, work);

  test('the service makes its schema past it, and does all else through it', async () => {
    const database = await openDatabase({ migrated: false });
    await using replica = await startBehindPgBouncer(database);
    const admin = await adminToken(replica);
    const credentials = await createClient(replica, admin, 'Orders worker');

    const granted = await replica.token(credentials);
    assert.equal(granted.status, 200);
    const token = granted.body.access_token;
    assert.equal((await replica.token(`${credentials}x`)).status, 401);
    assert.equal((await replica.introspect(credentials, token)).body.active, true);
    assert.equal((await replica.revoke(credentials, token)).status, 200);
    assert.equal((await replica.introspect(credentials, token)).body.active, false);

    assert.equal((await replica.register('one@pgbouncer.example')).status, 201);
    assert.equal((await replica.administrate(admin, '/roles', { name: 'packer' })).status, 201);
    await replica.service.audit.flush();
    const actions = await database.query(
      'select distinct action from auth_service_data.audit_events order by 1',
    );
    const expected = ['client.created', 'role.created', 'token.issued', 'token.revoked', 'user.registered'];
    assert.deepEqual(
      expected.filter((action) => !actions.some((row) => row.action === action)),
      [],
    );
    // That it was asked at all, and held no more than it was given.
    const servers = await replica.pooler.show('servers');
    assert.ok(servers.length > 0 && servers.length <= SERVER_CONNECTIONS + 1);
  });

  test('more callers than there are connections are all served', async () => {
    const database = await openDatabase();
    await using replica = await startBehindPgBouncer(database);
    const admin = await adminToken(replica);
    const credentials = await createClient(replica, admin, 'Orders worker');
    const many = <T>(count: number, work: (n: number) => Promise<T>) =>
      Array.from({ length: count }, (_, n) => work(n));
    const statuses = await Promise.all([
      ...many(30, async () => (await replica.token(credentials)).status),
      ...many(30, async (n) => (await createClient(replica, admin, `Worker ${n}`)) && 200),
      ...many(10, async () => (await replica.logIn()).status),
      ...many(30, async (n) => (await replica.administrate(admin, '/roles', { name: `role-${n}` })).status),
      // All but one meet the same name, in transactions that lock it.
      ...many(20, async () => (await replica.administrate(admin, '/roles', { name: 'same' })).status),
    ]);
    const count = (status: number) => statuses.filter((each) => each === status).length;
    assert.deepEqual([count(200), count(201), count(409)], [70, 31, 19]);
  });

  test('a statement that takes too long ends in bounded time, and blocks nobody after it', async () => {
    const database = await openDatabase();
    await using replica = await startBehindPgBouncer(database, { statementTimeoutMs: 200 });
    const admin = await adminToken(replica);
    const credentials = await createClient(replica, admin, 'Orders worker');
    assert.equal((await replica.token(credentials)).status, 200);
    await database.query('begin; lock table auth_service_data.roles in share row exclusive mode');
    const stuck = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => replica.administrate(admin, '/roles', { name })),
    );
    assert.deepEqual(new Set(stuck.map(({ status }) => status)), new Set([503]));
    assert.ok(stuck.every(({ retryAfter }) => Number(retryAfter) > 0));
    assert.equal((await replica.token(credentials)).status, 200);
    // Whoever gave up left nobody waiting on the server.
    const waiting = `select from pg_locks where not granted and relation = 'auth_service_data.roles'::regclass
      and database = (select oid from pg_database where datname = current_database())`;
    await until(async () => (await database.query(waiting)).length === 0);
    await database.query('rollback');
    await until(
      async () => (await replica.administrate(admin, '/roles', { name: 'afterwards' })).status === 201,
    );
  });

  test('its restart is survived: known clients are served, others told to come back', async () => {
    const database = await openDatabase();
    await using replica = await startBehindPgBouncer(database);
    const admin = await adminToken(replica);
    const credentials = await createClient(replica, admin, 'Orders worker');
    assert.equal((await replica.token(credentials)).status, 200);

    const loaded = Promise.all(
      Array.from({ length: 20 }, (_, n) => replica.administrate(admin, '/roles', { name: `during-${n}` })),
    );
    await replica.pooler.stop();
    for (const { status } of await loaded) assert.ok(status === 201 || status === 503, String(status));
    assert.equal((await replica.token(credentials)).status, 200);
    const refused = await replica.register('two@pgbouncer.example');
    assert.deepEqual([refused.status, refused.retryAfter !== null], [503, true]);
    await until(async () => (await fetch(`${replica.url}/health`)).status === 503);

    await replica.pooler.start();
    await until(
      async () => (await replica.administrate(admin, '/roles', { name: 'after-restart' })).status === 201,
    );
    await until(async () => (await fetch(`${replica.url}/health`)).status === 200);
  });

  test('migrate up goes past it when told how, else through it', async () => {
    const database = await openDatabase({ migrated: false });
    const direct = directUrlOf(database);
    await using pooler = await startPgBouncer(direct);
    const through = { ...pooledEnvironment(), AUTH_SERVICE_DATABASE_URL: pooler.url };
    const past = { ...through, DATABASE_DIRECT_URL: direct };

    await pooler.stop();
    const lost = await run(['migrate', 'up'], through);
    assert.deepEqual([lost.code, lost.stdout], [1, '']);
    assert.match(lost.stderr, /^error: .*database/i);
    const applied = await run(['migrate', 'up', '--json'], past);
    assert.deepEqual([applied.code, JSON.parse(applied.stdout).state], [0, 'current']);

    await pooler.start();
    assert.match((await run(['migrate', 'up'], through)).stdout, /^Nothing to do/);
    const other = await openDatabase({ migrated: false });
    await using second = await startPgBouncer(directUrlOf(other));
    const first = await run(['migrate', 'up', '--json'], {
      ...pooledEnvironment(),
      AUTH_SERVICE_DATABASE_URL: second.url,
    });
    assert.deepEqual([first.code, JSON.parse(first.stdout).state], [0, 'current']);
  });
});
