import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import {
  type Administrator,
  ask,
  askWell,
  type Client,
  logInAdministrator,
  PERSONS_PASSWORD,
  type Person,
  tokenOf,
} from './caller.ts';
import { describeReplicas } from './harness.ts';

/** A token, a place of this API that takes it, and what ends it when it is done on one replica. */
interface Ending {
  readonly token: string;
  readonly at: string;
  end(base: string): Promise<unknown>;
}

type Prepare = (base: string, administrator: Administrator) => Promise<Ending>;

async function preparePerson(
  administrator: Administrator,
  end: (at: string, person: Person, token: string) => Promise<unknown>,
): Promise<Ending> {
  const person = await administrator.makePerson();
  return { token: person.token, at: 'GET /users/me', end: (at) => end(at, person, administrator.token) };
}

async function prepareClient(
  base: string,
  administrator: Administrator,
  end: (at: string, client: Client, token: string) => Promise<unknown>,
): Promise<Ending> {
  const client = await administrator.makeClient('admin');
  const token = await tokenOf(base, client);
  return { token, at: 'GET /admin/roles', end: (at) => end(at, client, token) };
}

const ENDINGS: Readonly<Record<string, Prepare>> = {
  'revoking a token': (base, administrator) =>
    prepareClient(base, administrator, (at, { basic }, token) =>
      askWell(at, 'POST /revoke', { basic, form: { token } }),
    ),
  'deactivating a client': (base, administrator) =>
    prepareClient(base, administrator, (at, { id }) =>
      askWell(at, `PATCH /admin/clients/${id}`, { token: administrator.token, body: { is_active: false } }),
    ),
  'logging out': (_base, administrator) =>
    preparePerson(administrator, (at, { token }) => askWell(at, 'POST /users/logout', { token })),
  'banning a person': (_base, administrator) =>
    preparePerson(administrator, (at, { id }, token) =>
      askWell(at, `POST /admin/users/${id}/ban`, { token, body: { ban_duration: '1h' } }),
    ),
  'changing a password': (_base, administrator) =>
    preparePerson(administrator, (at, { id }, token) =>
      askWell(at, `PATCH /admin/users/${id}`, { token, body: { password: `${PERSONS_PASSWORD} and more` } }),
    ),
};

describeReplicas('what is revoked on one replica', () => {
  for (const hasRedis of [true, false]) suite(hasRedis);
});

function suite(hasRedis: boolean): void {
  const how = hasRedis ? 'told through Redis' : 'found out without Redis';
  let stage: Replicas;
  let administrator: Administrator;
  let resourceServer: Client;

  before(async () => {
    stage = await startReplicas({ redis: hasRedis });
    administrator = await logInAdministrator(stage.urls[0] ?? '');
    resourceServer = await administrator.makeClient('admin');
  });
  after(() => stage?.[Symbol.asyncDispose]());

  async function isRefused(base: string, { token, at }: Ending): Promise<boolean> {
    const used = await ask(base, at, { token });
    const looked = await ask(base, 'POST /introspect', { basic: resourceServer.basic, form: { token } });
    assert.equal(looked.status, 200, JSON.stringify(looked.body));
    assert.ok(used.status === 200 || used.status === 401, `${used.status}`);
    return used.status === 401 && looked.body.active === false;
  }

  async function requireRefusedEverywhere(prepare: Prepare, meanwhile: () => unknown = () => {}) {
    const [first = '', ...others] = stage.urls;
    const ending = await prepare(first, administrator);
    for (const url of stage.urls) assert.equal(await isRefused(url, ending), false, 'before');
    await meanwhile();
    await ending.end(first);
    assert.equal(await isRefused(first, ending), true, 'where it was done, at once');
    for (const url of others) await until(() => isRefused(url, ending));
  }

  for (const [name, prepare] of Object.entries(ENDINGS)) {
    it(`is refused by the others: ${name}, ${how}`, () => requireRefusedEverywhere(prepare));
  }

  if (!hasRedis) return;
  const prepare = ENDINGS['revoking a token'];
  assert.ok(prepare !== undefined);

  it('is heard of through Redis by one that cannot ask the database', async () => {
    const [first, second] = stage.replicas;
    assert.ok(first !== undefined && second !== undefined);
    const { token, end } = await prepare(first.url, administrator);
    const introspect = () =>
      ask(second.url, 'POST /introspect', { basic: resourceServer.basic, form: { token } });
    assert.equal((await introspect()).body.active, true);
    second.databaseProxy.pause();
    try {
      await end(first.url);
      // Sooner than it would refuse whatever it is asked about.
      await until(async () => (await introspect()).body.active !== true);
      const { status, body } = await introspect();
      assert.deepEqual([status, body], [200, { active: false }]);
    } finally {
      second.databaseProxy.resume();
    }
    await until(async () => (await introspect()).status === 200);
  });

  it('is refused by the others although Redis was emptied', () =>
    requireRefusedEverywhere(prepare, () => stage.redisServer().client().flushall()));

  it('stays refused when Redis is emptied afterwards', async () => {
    const [first = ''] = stage.urls;
    const ending = await prepare(first, administrator);
    await ending.end(first);
    for (const url of stage.urls) await until(() => isRefused(url, ending));
    await stage.redisServer().client().flushall();
    for (const url of stage.urls) assert.equal(await isRefused(url, ending), true);
  });

  it('is refused by the others while Redis says nothing', async () => {
    await requireRefusedEverywhere(prepare, () => stage.redisServer().pause());
    stage.redisServer().resume();
  });

  it('is refused by the others while the way to Redis is mute', async () => {
    await requireRefusedEverywhere(prepare, () => stage.redis.pause());
    stage.redis.resume();
  });

  it('is refused by the others while Redis is stopped, and once it is there again', async () => {
    await requireRefusedEverywhere(prepare, () => stage.redisServer().stop());
    await stage.redisServer().start();
    await requireRefusedEverywhere(prepare);
  });

  it('is refused by the others although Redis was restarted in between', () =>
    requireRefusedEverywhere(prepare, async () => {
      await stage.redisServer().stop();
      await stage.redisServer().start();
    }));

  it('is refused by one that starts afterwards', async () => {
    const [first, , third] = stage.replicas;
    const ending = await prepare(first?.url ?? '', administrator);
    await third?.stop();
    await ending.end(first?.url ?? '');
    await stage.redisServer().client().flushall();
    await third?.start();
    assert.equal(await isRefused(third?.url ?? '', ending), true);
  });
}
