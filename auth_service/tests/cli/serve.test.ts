import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BIN, type Child, freePort, NOT_DELIVERED, OLD_NODE, start, startCli } from './child-process.ts';
import type { Environment } from './command-line.ts';
import { describeOn, describeOnEachEnvironment } from './environments.ts';

const HEARD_MS = 1_050;

const linesOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

async function token(
  url: string,
  { client_id, client_secret }: Record<string, string>,
): Promise<{ status: number; body: { scope?: string } }> {
  const response = await fetch(`${url}/api/v1/auth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client_id ?? '',
      client_secret: client_secret ?? '',
    }),
  });
  return { status: response.status, body: (await response.json()) as { scope?: string } };
}

async function urlOf(server: Child): Promise<string> {
  return (await server.says(/"message":"Ready","url":"([^"]+)"/))[1] ?? '';
}

/** A command in a process of its own, as it is beside a server. */
function command(env: Environment, ...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...argv, '--json'], {
    env: { ...env },
    encoding: 'utf8',
  });
  return { code: status, stderr, body: status === 0 ? JSON.parse(stdout) : JSON.parse(stderr) };
}

describeOnEachEnvironment('serve', (open) => {
  let env: Environment;
  before(async () => {
    env = { ...(await open()), PORT: String(await freePort()) };
  });

  it('writes nothing but log lines without a terminal, and ends with 0 on SIGTERM and on SIGINT', async (t) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const server = startCli(t, ['serve'], { env });
      const url = await urlOf(server);
      assert.equal((await fetch(`${url}/health/ready`)).status, 200);
      server.kill(signal);
      const { code, stdout, stderr } = await server.exit;
      assert.deepEqual([code, stderr], [0, '']);
      const messages = linesOf(stdout).map((line) => line.message);
      assert.deepEqual(messages.slice(-2), ['Stopping', 'Stopped']);
      assert.equal(messages.filter((message) => message === 'Stopping').length, 1);
      for (const line of linesOf(stdout)) {
        assert.deepEqual([typeof line.level, line.environment], ['string', 'testing']);
        assert.match(line.timestamp, /Z$/);
      }
    }
  });

  it('warns where there is no administrator, naming what makes one, and only there', async (t) => {
    const texts = {
      INITIAL_ADMIN_EMAIL: 'root@example.com',
      INITIAL_ADMIN_PASSWORD: 'correct horse battery',
    };
    for (const [given, isWarned] of [
      [{}, true],
      [texts, false],
      [{}, false],
    ] as const) {
      const server = startCli(t, ['serve'], { env: { ...env, ...given } });
      await urlOf(server);
      server.kill('SIGTERM');
      const { stdout } = await server.exit;
      const warnings = linesOf(stdout).filter(({ message }) => /no administrator/.test(message));
      assert.equal(warnings.length, isWarned ? 1 : 0, stdout);
      const [{ message, level } = { message: '', level: '' }] = warnings;
      if (isWarned)
        assert.match(`${level} ${message}`, /^WARNING .*INITIAL_ADMIN_EMAIL.*INITIAL_ADMIN_PASSWORD/);
    }
  });

  it('stops once, with 0, when one key press sends the signal twice', async (t) => {
    const server = startCli(t, ['serve'], { env });
    await urlOf(server);
    server.kill('SIGINT');
    server.kill('SIGINT');
    const { code, stdout } = await server.exit;
    assert.equal(code, 0);
    assert.equal(linesOf(stdout).filter(({ message }) => message === 'Stopping').length, 1);
  });

  it('stops while it is still starting', async (t) => {
    const server = startCli(t, ['serve'], { env: { ...env, RATE_LIMIT_LOGINS: 'a slip of the pen' } });
    await server.says(/RATE_LIMIT_LOGINS/);
    server.kill('SIGTERM');
    assert.equal((await server.exit).code, 0);
  });

  it('stops when npx, which does not pass SIGTERM on, is stopped', async (t) => {
    const server = start(t, ['npx', 'auth-service', 'serve'], { env });
    await urlOf(server);
    server.kill('SIGTERM');
    assert.equal(linesOf((await server.exit).stdout).at(-1).message, 'Stopped');
  });

  it('lets commands work beside it, and issues tokens to what they made', async (t) => {
    const server = startCli(t, ['serve'], { env });
    const url = await urlOf(server);
    for (const argv of [
      ['permissions', 'create', 'orders:read'],
      ['roles', 'create', 'orders-reader'],
      ['roles', 'grant', 'orders-reader', 'orders:read'],
    ]) {
      const { code, stderr } = command(env, ...argv);
      assert.equal(code, 0, stderr);
    }
    const { body: client } = command(env, 'clients', 'create', '--name', 'Orders', '--role', 'orders-reader');
    const issued = await token(url, client);
    assert.deepEqual([issued.status, issued.body.scope], [200, 'orders:read']);
    // The server hears of what another process changed within a second.
    command(env, 'roles', 'revoke', 'orders-reader', 'orders:read');
    await sleep(HEARD_MS);
    assert.equal((await token(url, client)).body.scope, '');
    command(env, 'clients', 'delete', client.client_id);
    await sleep(HEARD_MS);
    assert.equal((await token(url, client)).status, 401);
    server.kill('SIGTERM');
    assert.equal((await server.exit).code, 0);
  });

  it('ends with 1 and a remedy when its port is taken', async (t) => {
    const first = startCli(t, ['serve'], { env });
    await urlOf(first);
    const other = await open();
    const { code, stdout } = await startCli(t, ['serve'], { env: { ...other, PORT: env.PORT ?? '' } }).exit;
    assert.equal(code, 1);
    const last = linesOf(stdout).at(-1);
    assert.deepEqual([last.level, last.code], ['CRITICAL', 'port_in_use']);
    assert.match(last.remedy, /another port/);
  });

  it('refuses another encryption key, naming the one in use, and starts again with that', async (t) => {
    const keyed = { ...(await open()), PORT: String(await freePort()) };
    const keys = [Buffer.alloc(32, 'a'), Buffer.alloc(32, 'b')].map((key) => key.toString('base64'));
    const withKey = (key = '') => startCli(t, ['serve'], { env: { ...keyed, ENCRYPTION_KEY: key } });
    const first = withKey(keys[0]);
    await urlOf(first);
    first.kill('SIGTERM');
    assert.equal((await first.exit).code, 0);
    const { code, stdout } = await withKey(keys[1]).exit;
    assert.equal(code, 1);
    const last = linesOf(stdout).at(-1);
    assert.deepEqual([last.level, last.code], ['CRITICAL', 'encryption_key_mismatch']);
    assert.match(last.message, /fingerprint/);
    assert.match(last.remedy, /ENCRYPTION_KEY/);
    const again = withKey(keys[0]);
    await urlOf(again);
  });

  it('finds its data after kill -9', async (t) => {
    const made = command(env, 'clients', 'create', '--name', 'Survivor');
    const server = startCli(t, ['serve'], { env });
    await urlOf(server);
    server.kill('SIGKILL');
    await server.exit;
    const again = startCli(t, ['serve'], { env });
    assert.equal((await token(await urlOf(again), made.body)).status, 200);
  });
});

describeOn('postgres', 'serve after a fault that nobody foresaw', (open) => {
  for (const fault of ['throw new Error("boom")', 'Promise.reject(new Error("boom"))']) {
    it(`says so and ends with 1: ${fault}`, async (t) => {
      const trap = `process.on('SIGUSR2', () => { ${fault} })`;
      const env = {
        ...(await open()),
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(trap)}`,
      };
      const server = startCli(t, ['serve'], { env: { ...env, PORT: '0' } });
      await server.says(/"message":"Ready"/);
      server.kill('SIGUSR2');
      const { code, stdout, stderr } = await server.exit;
      assert.deepEqual([code, stderr], [1, '']);
      const last = linesOf(stdout).at(-1);
      assert.equal(last.level, 'CRITICAL');
      assert.match(last.error.stack, /^Error: boom/);
    });
  }
});

describeOn('embedded', 'serve on a data folder', (open) => {
  it('lets no second server in', async (t) => {
    const env = { ...(await open()), PORT: String(await freePort()) };
    const first = startCli(t, ['serve'], { env });
    const url = await urlOf(first);
    const { code, stdout } = await startCli(t, ['serve'], { env: { ...env, PORT: String(await freePort()) } })
      .exit;
    assert.equal(code, 1);
    const last = linesOf(stdout).at(-1);
    assert.deepEqual([last.level, last.code], ['CRITICAL', 'data_folder_locked']);
    assert.match(last.remedy, /DATA_DIR/);
    assert.equal((await fetch(`${url}/health/ready`)).status, 200);
  });

  it('hands over from an old Node, and ends as it does on a new one', { skip: NOT_DELIVERED }, async (t) => {
    const env = { ...(await open()), PORT: String(await freePort()) };
    const server = start(t, [...OLD_NODE, BIN, 'serve'], { env });
    await urlOf(server);
    server.kill('SIGTERM');
    const { code, stdout } = await server.exit;
    assert.deepEqual([code, linesOf(stdout).at(-1).message], [0, 'Stopped']);
  });
});
