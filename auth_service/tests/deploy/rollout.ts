import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { start } from '../cli/child-process.ts';
import { type Administrator, ask, type Client, logInAdministrator } from '../replicas/caller.ts';
import { type Load, startLoad } from '../replicas/load.ts';
import { type Haproxy, startHaproxy } from '../support/haproxy.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import type { Program } from '../support/program.ts';
import { type ConnectedReplica, PUBLIC_URL, type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';

export const REPLICAS = 3;
export const ADDS_A_COLUMN = 'alter table auth_service_data.profiles add column shoe_size integer;';
const REQUESTS_PER_SECOND = 60;
/** Sent before and behind whatever happens, so that what it breaks has time to show. */
const REQUESTS_AROUND = 120;

/** As in production, where nobody migrates by starting; the limits would count the load. */
const PRODUCTION = {
  ENVIRONMENT: 'production',
  IDENTITY: 'embedded',
  M2M_JWT_SECRET_KEY: 'Yl0nJm2o5wq8Rk3vTz6xCb9dFg1hUs4e',
  REPLICAS: String(REPLICAS),
  PUBLIC_URL,
  TRUSTED_PROXIES: '127.0.0.1',
  // Longer than the proxy takes to notice, see `haproxy.ts`.
  SHUTDOWN_DELAY_SECONDS: '2',
};

/** Three replicas of this version behind a proxy, and the room for as many of the next. */
export interface Rollout extends AsyncDisposable {
  readonly stage: Replicas;
  readonly haproxy: Haproxy;
  readonly administrator: Administrator;
  readonly client: Client;
  /** What is started in their place. */
  readonly next: readonly ConnectedReplica[];
  load(): Load;
}

/** @param program what is started in the place of those that run */
export async function openRollout(program: Program): Promise<Rollout> {
  await using opened = new AsyncDisposableStack();
  const { config, drop } = await createPostgresDatabase({ migrated: true });
  opened.defer(drop);
  const stage = opened.use(
    await startReplicas({
      count: REPLICAS,
      databaseUrl: config.url,
      settings: PRODUCTION,
    }),
  );
  const added: ConnectedReplica[] = [];
  while (added.length < REPLICAS) added.push(await stage.add(program.main));
  const urls = [...stage.urls, ...added.map(({ url }) => url)];
  const haproxy = opened.use(await startHaproxy(urls));
  assert.equal((await haproxy.ready()).length, REPLICAS);
  const administrator = await logInAdministrator(haproxy.url);
  const client = await administrator.makeClient('admin');
  const owned = opened.move();
  return {
    stage,
    haproxy,
    administrator,
    client,
    next: added,
    load: () => startLoad(haproxy.url, REQUESTS_PER_SECOND, administrator, client),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** As the init container of a replica does. @returns its exit code, and what it says of itself. */
export async function migrate(
  t: TestContext,
  { next: [first] }: Rollout,
  { main }: Program,
): Promise<[code: number | null, told: string]> {
  assert.ok(first !== undefined);
  const { code, stderr } = await start(t, [process.execPath, main, 'migrate', 'up'], { env: first.settings })
    .exit;
  return [code, stderr];
}

/** As a Deployment does with `maxUnavailable: 0`: first the one is there, then the other goes. */
export async function replaceEach(
  { haproxy }: Rollout,
  running: readonly ConnectedReplica[],
  next: readonly ConnectedReplica[],
): Promise<void> {
  for (const [n, replica] of next.entries()) {
    await replica.start();
    await until(async () => (await haproxy.ready()).includes(replica.url));
    assert.deepEqual(await running[n]?.stop(), { code: 0, signal: null });
  }
}

/** Runs the work under load. @returns how many requests were sent; not one of them failed. */
export async function underLoad(rollout: Rollout, work: (load: Load) => Promise<void>): Promise<number> {
  const { haproxy } = rollout;
  const load = rollout.load();
  try {
    await until(() => load.sent() >= REQUESTS_AROUND);
    await work(load);
    const sent = load.sent();
    await until(() => load.sent() >= sent + REQUESTS_AROUND);
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
  assert.deepEqual(haproxy.unwell(), []);
  return load.sent();
}

export async function readiness(url: string): Promise<[status: number, code: string]> {
  const { status, body } = await ask(url, 'GET /health/ready');
  return [status, body.code];
}

/** Of those that get requests. */
export async function versions({ haproxy }: Rollout): Promise<string[]> {
  const ready = await haproxy.ready();
  return await Promise.all(ready.map(async (url) => (await ask(url, 'GET /health')).body.version));
}

export async function newestApplied({ stage }: Rollout): Promise<unknown> {
  const [row] = await stage.query('select max(version) as version from auth_service_data.schema_migrations');
  return row?.version;
}
