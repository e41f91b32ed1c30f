import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMINISTRATOR } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import {
  type Administrator,
  ask,
  askForToken,
  askWell,
  type Client,
  logInAdministrator,
  PERSONS_PASSWORD,
  requireUnavailable,
} from './caller.ts';
import { describeReplicas } from './harness.ts';
import { type SupabaseStage, startSupabaseStage } from './supabase-stage.ts';

/** The product says three seconds; a machine that has much to do gets more. */
const BOUND_MS = 5_000;
const AT_ONCE_MS = 1_000;

describeReplicas('replicas whose people are kept by a GoTrue', () => {
  let stage: SupabaseStage;
  let administrator: Administrator;
  let client: Client;
  let url = '';
  let other = '';

  before(async () => {
    stage = await startSupabaseStage({
      gotrue: { limitPerAddress: 40 },
      settings: { TRUSTED_PROXIES: '127.0.0.1' },
    });
    [url = '', other = ''] = stage.urls;
    administrator = await logInAdministrator(url);
    client = await administrator.makeClient();
  });
  after(() => stage?.[Symbol.asyncDispose]());

  const login = (at: string) => ask(at, 'POST /users/login', { body: ADMINISTRATOR });
  const health = async (at: string) => (await ask(at, 'GET /health')).body;

  it('serve people and administrators by its tokens', async () => {
    const { token } = administrator;
    assert.equal((await ask(other, 'GET /users/me', { token })).status, 200);
    const { roles } = await askWell(other, 'GET /users/me', { token });
    assert.ok(roles.includes('admin'));
    assert.equal((await ask(other, 'GET /admin/roles', { token })).status, 200);
    assert.equal((await ask(other, 'GET /admin/users', { token })).status, 200);
    for (const key of [stage.gotrue.anonKey, stage.gotrue.serviceRoleKey]) {
      assert.equal((await ask(url, 'GET /users/me', { token: key })).status, 401);
      assert.equal((await ask(url, 'GET /admin/roles', { token: key })).status, 401);
    }
  });

  it('take nobody at their word', async () => {
    const person = await administrator.makePerson();
    const [, payload = ''] = person.token.split('.');
    const own = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const boast = { roles: ['admin'], permissions: ['role:admin_manage'] };
    const metadata = { app_metadata: boast, user_metadata: { ...boast, app_metadata: boast } };
    const token = stage.gotrue.sign({ ...own, ...metadata });
    assert.equal((await ask(url, 'GET /admin/roles', { token })).status, 403);
    assert.deepEqual((await askWell(url, 'GET /users/me', { token })).roles, ['user']);
    const introspecting = await administrator.makeClient('admin');
    const told = await askWell(url, 'POST /introspect', { basic: introspecting.basic, form: { token } });
    assert.ok(!JSON.stringify(told).includes('admin_manage'), JSON.stringify(told));
    assert.ok(!JSON.stringify(told.roles ?? told.app_metadata?.roles ?? []).includes('admin'));
  });

  it('refuse what was logged out at another within a second', async () => {
    const person = await administrator.makePerson();
    const { token } = person;
    assert.equal((await ask(other, 'GET /users/me', { token })).status, 200);
    await askWell(url, 'POST /users/logout', { token, body: {} });
    const startedAt = performance.now();
    await until(async () => (await ask(other, 'GET /users/me', { token })).status === 401);
    assert.ok(performance.now() - startedAt < 3_000);
    assert.equal((await ask(url, 'GET /users/me', { token })).status, 401);
  });

  it('say from where somebody comes, so that nobody uses up the limit of another', async () => {
    const person = await administrator.makePerson();
    const email = [...stage.gotrue.users.values()].find(({ id }) => id === person.id)?.email;
    const from = async (ip: string) => {
      const answer = await fetch(`${url}/api/v1/auth/users/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': ip },
        body: JSON.stringify({ email, password: PERSONS_PASSWORD }),
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    stage.gotrue.requests.length = 0;
    for (let n = 0; n < 40; n += 1) await from('198.51.100.1');
    assert.equal(await from('198.51.100.1'), 429);
    assert.equal(await from('198.51.100.2'), 200);
    const [last] = stage.gotrue.requests.filter(({ path }) => path.endsWith('/token')).slice(-1);
    assert.equal(last?.headers['x-forwarded-for'], '198.51.100.2');
    assert.equal(last?.headers['sb-forwarded-for'], '198.51.100.2');
  });

  it('serve machines all the time while it is cut off, and people again by themselves', async () => {
    const machines: number[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        machines.push((await askForToken(url, client.basic)).status);
        await sleep(20);
      }
    })();
    for (const [how, breakIt, mend] of [
      [
        'mute',
        () => stage.line.pause(),
        () => {
          stage.line.resume();
          stage.line.cut();
        },
      ],
      ['gone', () => stage.gotrue.stop(), () => stage.gotrue.restart()],
    ] as const) {
      await breakIt();
      requireUnavailable(await login(url), BOUND_MS);
      await Promise.all([login(url), login(url)]);
      for (let n = 0; n < 10; n += 1) {
        const answer = await login(url);
        requireUnavailable(answer, AT_ONCE_MS);
        assert.equal(answer.body.code, 'identity_unavailable', how);
      }
      const { token } = administrator;
      assert.equal((await ask(url, 'GET /users/me', { token })).status, 200, how);
      assert.equal((await ask(url, 'GET /health')).status, 200, how);
      await until(async () => (await health(url)).components.supabase.status === 'degraded');
      assert.equal((await health(url)).status, 'degraded', how);
      assert.equal((await ask(url, 'GET /health/ready')).status, 200, how);
      await mend();
      await until(async () => (await login(url)).status === 200);
      await until(async () => (await health(url)).status === 'ok');
    }
    isOver = true;
    await load;
    assert.deepEqual(new Set(machines), new Set([200]));
  });

  it('come up while it is away', async () => {
    await stage.gotrue.stop();
    const [, second] = stage.replicas;
    await second?.stop();
    await second?.start();
    assert.equal((await ask(other, 'GET /health/ready')).status, 200);
    assert.equal((await askForToken(other, client.basic)).status, 200);
    requireUnavailable(await login(other), BOUND_MS);
    await stage.gotrue.restart();
    await until(async () => (await login(other)).status === 200);
  });
});

describeReplicas('the first replica of all, while GoTrue is away', () => {
  it('comes up, and makes the administrator when it is back', async () => {
    await using stage = await startSupabaseStage({ count: 1 });
    const [replica] = stage.replicas;
    const [url = ''] = stage.urls;
    await replica?.stop();
    await stage.query('delete from auth_service_data.profiles');
    for (const id of [...stage.gotrue.users.keys()]) await stage.gotrue.deleteUser(id);
    await stage.gotrue.stop();
    await replica?.start();
    assert.equal((await ask(url, 'GET /health/ready')).status, 200);
    await stage.gotrue.restart();
    await until(async () => (await ask(url, 'POST /users/login', { body: ADMINISTRATOR })).status === 200);
    const { token } = await logInAdministrator(url);
    assert.equal((await ask(url, 'GET /admin/roles', { token })).status, 200);
  });
});
