import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { logInAdministrator } from '../replicas/caller.ts';
import { describeReplicas } from '../replicas/harness.ts';
import { freePort } from '../support/free-port.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { createReplica } from '../support/replica.ts';
import { type ConnectedReplica, type Replicas, startReplicas } from '../support/replicas.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { until } from '../support/until.ts';
import { makeStandIns } from './workflow-stand-ins.ts';

/** One look, since what is asked for here does not change by waiting. */
const AT_ONCE = { SMOKE_TIMEOUT_SECONDS: '0' };

async function smoke(url: string, env: Readonly<Record<string, string>> = {}) {
  await using tools = await makeStandIns({ curl: () => ({ passOn: '/usr/bin/curl' }) });
  const outcome = await tools.run('smoke.sh', [url], { ...AT_ONCE, ...env });
  const commandLines = JSON.stringify(tools.calls.map(({ argv }) => argv));
  const secret = env.SMOKE_CLIENT_SECRET;
  if (secret !== undefined) assert.ok(!(commandLines + outcome.stdout + outcome.stderr).includes(secret));
  return outcome;
}

describeReplicas('the smoke test of a deployment', () => {
  let stage: Replicas;
  let replica: ConnectedReplica;
  before(async () => {
    const PORT = String(await freePort());
    stage = await startReplicas({ count: 1, settings: { PORT, PUBLIC_URL: `http://127.0.0.1:${PORT}` } });
    const [first] = stage.replicas;
    assert.ok(first !== undefined);
    replica = first;
  });
  const health = async () =>
    (await (await fetch(`${replica.url}/health`)).json()) as { status: string; version: string };
  after(() => stage[Symbol.asyncDispose]());

  it('passes a healthy service, and without a client of its own sees a wrong one refused', async () => {
    const { version } = await health();
    const { code, stdout, stderr } = await smoke(`${replica.url}/`, { EXPECTED_VERSION: version });
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      new RegExp(`The service is ok, version ${version}\\.\nA wrong client was refused\\.`),
    );
  });

  it('sees a token given to its own client, and refuses the deployment where none is', async () => {
    const { basic } = await (await logInAdministrator(replica.url)).makeClient();
    const [id = '', secret = ''] = Buffer.from(basic.slice('Basic '.length), 'base64').toString().split(':');
    const client = { SMOKE_CLIENT_ID: id, SMOKE_CLIENT_SECRET: secret };
    const given = await smoke(replica.url, client);
    assert.equal(given.code, 0, given.stderr);
    assert.match(given.stdout, /was given a token/);
    assert.doesNotMatch(given.stdout, /eyJ/);
    const refused = await smoke(replica.url, { ...client, SMOKE_CLIENT_SECRET: 'wrong"\\:+ one\n' });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /answered 401, not 200: invalid_client/);
    assert.equal((await smoke(replica.url, { SMOKE_CLIENT_ID: id })).code, 2);
  });

  it('does not take another version for this one', async () => {
    const { code, stderr } = await smoke(replica.url, { EXPECTED_VERSION: '9.9.9' });
    assert.equal(code, 1);
    assert.match(stderr, /names version \S+, not 9\.9\.9/);
  });

  it('finds a service that takes itself for another one', async () => {
    const { code, stderr } = await smoke(replica.url.replace('127.0.0.1', 'localhost'));
    assert.equal(code, 1);
    assert.match(
      stderr,
      /takes itself for http:\/\/127\.0\.0\.1:\d+, not http:\/\/localhost:\d+: see PUBLIC_URL/,
    );
  });

  it('passes one that has lost Redis, and says so', async () => {
    const redis = stage.redisServer();
    await redis.stop();
    await until(async () => (await health()).status === 'degraded');
    const { code, stdout, stderr } = await smoke(replica.url);
    await redis.start();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /The service is degraded[\s\S]*Degraded: redis/);
  });

  it('waits for a service that is about to come, and not for ever for one that does not', async () => {
    await replica.stop();
    const dead = await smoke(replica.url);
    assert.equal(dead.code, 1);
    assert.match(dead.stderr, /\/health: curl: \(7\)/);
    const waiting = smoke(replica.url, { SMOKE_TIMEOUT_SECONDS: '120', SMOKE_INTERVAL_SECONDS: '0.2' });
    await replica.start();
    assert.equal((await waiting).code, 0);
  });

  it('does not take one for ready whose schema is behind', async () => {
    const { config, drop } = await createPostgresDatabase({ migrated: false });
    const PORT = String(await freePort());
    await using behind = createReplica({
      ENVIRONMENT: 'testing',
      HOST: '127.0.0.1',
      PORT,
      PUBLIC_URL: `http://127.0.0.1:${PORT}`,
      DATA_DIR: temporaryDirectory('behind'),
      DATABASE_URL: config.url,
      ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
      MIGRATE_ON_START: 'false',
    });
    await behind.start({ untilReady: false });
    const { code, stderr } = await smoke(behind.url);
    await behind.stop();
    await drop();
    assert.equal(code, 1);
    assert.match(stderr, /\/health\/ready answered 503/);
  });

  it('sends nothing over a network in plain text', async () => {
    const { code, stderr } = await smoke('http://auth.example.com');
    assert.equal(code, 2);
    assert.match(stderr, /is not https/);
  });
});
