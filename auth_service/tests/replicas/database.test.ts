import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  findPostgresBinaries,
  type PostgresCluster,
  startPostgresCluster,
} from '../support/postgres-cluster.ts';
import { postgresConfig } from '../support/postgres-databases.ts';
import { openRawConnection } from '../support/raw-connection.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import {
  type Administrator,
  type Answer,
  ask,
  askForToken,
  askWell,
  type Client,
  identifierOf,
  logInAdministrator,
  requireUnavailable,
  tokenOf,
} from './caller.ts';
import { describeReplicas } from './harness.ts';

const PAUSE_MS = 10_000;
/** What a request that needs the database may take to be refused, with room for a machine that has much to do. */
const REFUSED_WITHIN_MS = 8_000;
const BACK_WITHIN_MS = 5_000;

interface World {
  readonly stage: Replicas;
  readonly administrator: Administrator;
  /** Known to every replica. */
  readonly known: Client;
}

async function buildWorld(stage: Replicas): Promise<World> {
  const [first = ''] = stage.urls;
  const administrator = await logInAdministrator(first);
  const known = await administrator.makeClient('admin');
  await knowOn(stage, known);
  return { stage, administrator, known };
}

async function knowOn({ urls }: Replicas, { basic }: Client): Promise<void> {
  for (const url of urls) assert.equal((await askForToken(url, basic)).status, 200);
}

/** Asks on every replica for tokens, one after the other, until it is told to stop. */
function keepAskingForTokens({ stage, known }: World) {
  const answers: Answer[] = [];
  let isOver = false;
  const asking = stage.urls.map(async (url) => {
    while (!isOver) {
      answers.push(await askForToken(url, known.basic));
      await sleep(100);
    }
  });
  return {
    answers,
    async stop() {
      isOver = true;
      await Promise.all(asking);
      return answers;
    },
  };
}

/** Nothing that was acknowledged is lost: each token that was issued is in the audit, once. */
async function requireAudited(cluster: PostgresCluster, answers: readonly Answer[]): Promise<void> {
  const issued = answers.map(identifierOf);
  const sql = `select detail->>'jti' as id from auth_service_data.audit_events where action = 'token.issued'`;
  // One of its own: those of before do not outlive a restart.
  const database = openRawConnection(postgresConfig(cluster.url));
  try {
    const audited = async () => (await database.query(sql)).map(({ id }) => String(id));
    await until(async () => {
      const known = new Set(await audited());
      return issued.every((id) => known.has(id));
    });
    const rows = await audited();
    assert.equal(rows.length, new Set(rows).size, 'no event is there twice');
  } finally {
    await database.close();
  }
}

function requireNoFaults({ replicas }: Replicas): void {
  for (const { lines } of replicas) {
    const faults = lines.filter(({ level, status }) => level === 'CRITICAL' || Number(status) === 500);
    assert.deepEqual(faults, []);
  }
}

async function requireRefusals({ stage, administrator }: World, unknown: Client, token: string) {
  const everywhere = stage.urls.flatMap((url) => [
    askForToken(url, unknown.basic),
    ask(url, 'GET /admin/roles', { token: administrator.token }),
    ask(url, 'GET /users/me', { token: administrator.token }),
    ask(url, 'POST /introspect', { basic: unknown.basic, form: { token } }),
    ask(url, 'POST /users/login', { body: { email: 'nobody@example.com', password: 'x'.repeat(20) } }),
  ]);
  for (const answer of await Promise.all(everywhere)) requireUnavailable(answer, REFUSED_WITHIN_MS);
}

/** What is known of revocations is older than five seconds: nobody is let in, and nobody has to wait to hear it. */
async function requireClosed({ stage, administrator, known }: World, token: string): Promise<void> {
  const { basic } = known;
  const openings = stage.urls.flatMap((url) => [
    () => ask(url, 'POST /introspect', { basic, form: { token } }),
    () => ask(url, 'GET /admin/roles', { token }),
    () => ask(url, 'GET /users/me', { token: administrator.token }),
  ]);
  const isClosed = async (open: () => Promise<Answer>) => {
    const answer = await open();
    requireUnavailable(answer, REFUSED_WITHIN_MS);
    return (answer.body.code ?? answer.body.error_description ?? '').includes('revo');
  };
  await Promise.all(openings.map((open) => until(() => isClosed(open))));
}

/** Everything that was refused is served, at the latest five seconds after. */
async function requireBack({ stage, administrator, known }: World, token: string): Promise<void> {
  const backBy = performance.now() + BACK_WITHIN_MS;
  for (const url of stage.urls) {
    const isBack = async () => {
      const form = { token };
      const answers = await Promise.all([
        ask(url, 'GET /admin/roles', { token: administrator.token }),
        ask(url, 'POST /introspect', { basic: known.basic, form }),
        ask(url, 'GET /health'),
      ]);
      for (const { status } of answers) assert.ok(status === 200 || status === 503, `${status}`);
      return answers.every(({ status }) => status === 200);
    };
    await until(isBack);
  }
  assert.ok(performance.now() <= backBy, 'it came back by itself, but late');
}

async function untilUnhealthy({ urls }: Replicas): Promise<void> {
  for (const url of urls) {
    await until(async () => (await ask(url, 'GET /health')).status === 503);
    const { body } = await ask(url, 'GET /health');
    assert.deepEqual([body.status, body.components.database.status], ['error', 'error']);
    assert.equal((await ask(url, 'GET /health/ready')).status, 200, 'known clients must be served on');
  }
}

describeReplicas('while PostgreSQL', () => {
  let cluster: PostgresCluster;
  let stage: Replicas;
  let world: World;

  before(async () => {
    const binaries = findPostgresBinaries();
    assert.ok(binaries !== null, 'PostgreSQL has binaries here');
    cluster = await startPostgresCluster(binaries);
    stage = await startReplicas({ databaseUrl: cluster.url });
    world = await buildWorld(stage);
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  /** It is back by itself; known clients had tokens all the time, and each one is in the audit. */
  async function requireRecovery(token: string, asking: ReturnType<typeof keepAskingForTokens>) {
    await requireBack(world, token);
    const answers = await asking.stop();
    for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body));
    assert.ok(answers.length > 20, `${answers.length} tokens`);
    await requireAudited(cluster, answers);
    requireNoFaults(stage);
  }

  it('says nothing for ten seconds, known clients get tokens, the rest is told to come again, and it recovers', async () => {
    const token = await tokenOf(stage.urls[0] ?? '', world.known);
    await knowOn(stage, world.known);
    const unknown = await world.administrator.makeClient();
    const asking = keepAskingForTokens(world);
    const resumed = sleep(PAUSE_MS).then(() => stage.database.resume());
    stage.database.pause();
    await Promise.all([requireRefusals(world, unknown, token), untilUnhealthy(stage)]);
    await requireClosed(world, token);
    await resumed;
    await requireRecovery(token, asking);
  });

  it('is shut down and started again, it is the same', async () => {
    const token = await tokenOf(stage.urls[0] ?? '', world.known);
    await knowOn(stage, world.known);
    const unknown = await world.administrator.makeClient();
    const asking = keepAskingForTokens(world);
    await cluster.shutDown();
    await requireRefusals(world, unknown, token);
    await untilUnhealthy(stage);
    await sleep(1_000);
    await cluster.start();
    await requireRecovery(token, asking);
  });

  it('forgets all connections without a word, new ones are made', async () => {
    const { administrator } = world;
    stage.database.pause();
    stage.database.forgetPaused();
    const url = stage.urls[0] ?? '';
    await until(
      async () => (await ask(url, 'GET /admin/roles', { token: administrator.token })).status === 200,
    );
    await askWell(url, 'GET /users/me', { token: administrator.token });
    requireNoFaults(stage);
  });
});
