import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../cli/command-line.ts';
import { skipReason } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { createReplica, type Replica } from '../support/replica.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { until } from '../support/until.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const KEY = Buffer.alloc(32, 7).toString('base64');
const ADA = { email: 'ada@example.com', password: 'Correct-Horse-Battery-71' };

type Settings = Record<string, string>;

async function settingsFor(backend: 'embedded' | 'postgres', t: TestContext): Promise<Settings> {
  const common = {
    ENVIRONMENT: 'testing',
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    PUBLIC_URL: 'http://localhost:8000',
    DATA_DIR: temporaryDirectory('data'),
    ENCRYPTION_KEY: KEY,
    MAILER_AUTOCONFIRM: 'true',
  };
  if (backend === 'embedded') return common;
  const { config, drop } = await createPostgresDatabase({ migrated: false });
  t.after(drop);
  return { ...common, DATABASE_URL: config.url };
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, string> };
}

async function command(argv: readonly string[], env: Settings) {
  const outcome = await run([...argv, '--json'], env);
  assert.equal(outcome.code, 0, outcome.stderr);
  return JSON.parse(outcome.stdout);
}

/** A person with a session, and a client with a role and a token, on a running server. */
async function settle(server: Replica, env: Settings) {
  const people = `${server.url}/api/v1/auth/users`;
  assert.equal((await post(`${people}/register`, ADA)).status, 201);
  const session = (await post(`${people}/login`, ADA)).json;
  for (const argv of [
    ['permissions', 'create', 'orders:read'],
    ['roles', 'create', 'reader'],
    ['roles', 'grant', 'reader', 'orders:read'],
  ]) {
    await command(argv, env);
  }
  const client = await command(['clients', 'create', '--name', 'Orders worker', '--role', 'reader'], env);
  const token = await tokenOf(server, client);
  assert.equal(token.status, 200);
  return { session, client, token: token.json };
}

type Settled = Awaited<ReturnType<typeof settle>>;
type Client = { readonly client_id: string; readonly client_secret: string };

function tokenOf(server: Replica, { client_id, client_secret }: Client) {
  return post(`${server.url}/api/v1/auth/token`, {
    grant_type: 'client_credentials',
    client_id,
    client_secret,
  });
}

async function isActive(server: Replica, token: string | undefined, { client_id, client_secret }: Client) {
  const { json } = await post(`${server.url}/api/v1/auth/introspect`, { token, client_id, client_secret });
  return (json as { readonly active?: boolean }).active === true;
}

/** What stood before the backup stands again, and what was alive then is not. */
async function assertRestored(server: Replica, { session, client, token }: Settled): Promise<void> {
  const people = `${server.url}/api/v1/auth/users`;
  // A token of the second in which the restore ended counts as one from before.
  await until(async () => await isActive(server, (await tokenOf(server, client)).json.access_token, client));
  const login = await post(`${people}/login`, ADA);
  assert.equal(login.status, 200, 'the old password');
  const me = (bearer: string | undefined) =>
    fetch(`${people}/me`, { headers: { authorization: `Bearer ${bearer}` } });
  assert.equal((await me(login.json.access_token)).status, 200);
  assert.equal((await me(session.access_token)).status, 401, 'a token from before');
  const refreshed = await post(`${people}/token/refresh`, { refresh_token: session.refresh_token });
  assert.equal(refreshed.status, 401, 'a log-in from before');
  const fresh = await tokenOf(server, client);
  assert.equal(fresh.status, 200, 'the old secret');
  const claims = JSON.parse(
    Buffer.from(fresh.json.access_token?.split('.')[1] ?? '', 'base64url').toString(),
  );
  assert.deepEqual([claims.roles, claims.permissions], [['reader'], ['orders:read']]);
  assert.equal(await isActive(server, token.access_token, client), false, 'a machine token from before');
}

async function keysOf(server: Replica): Promise<string> {
  return await (await fetch(`${server.url}/.well-known/jwks.json`)).text();
}

for (const [from, to] of [
  ['postgres', 'postgres'],
  ['embedded', 'postgres'],
  ['postgres', 'embedded'],
] as const) {
  describe(`backup of ${from}, restore into ${to}`, { skip: skipReason('postgres') ?? false }, () => {
    it('brings passwords, secrets, grants and keys back, and no token or log-in', async (t) => {
      const source = await settingsFor(from, t);
      await using before = createReplica(source);
      await before.start();
      const settled = await settle(before, source);
      const keys = await keysOf(before);
      const folder = temporaryDirectory('backups');
      // Beside the running server.
      const { file, encrypted } = await command(['backup', '--to', folder], {
        ...source,
        BACKUP_PASSPHRASE: 'correct horse battery staple',
      });
      assert.equal(encrypted, true);
      await before.stop();

      const target = { ...(await settingsFor(to, t)), BACKUP_PASSPHRASE: 'correct horse battery staple' };
      await command(['restore', file], target);
      await using after = createReplica(target);
      await after.start();
      assert.equal(await keysOf(after), keys);
      await assertRestored(after, settled);

      const refused = await run(['restore', file, '--force'], target);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /Stop/);
      assert.equal((await post(`${after.url}/api/v1/auth/users/login`, ADA)).status, 200);
    });
  });
}

describe('auth-service backup', { skip: skipReason('postgres') ?? false }, () => {
  it('keeps a schedule, ends when it is told to, and writes no second one before it is due', async (t) => {
    const env = { ...(await settingsFor('embedded', t)), PATH: process.env.PATH ?? '' };
    await command(['migrate', 'up'], env);
    const folder = temporaryDirectory('scheduled');
    const child = () =>
      spawn(process.execPath, [MAIN, 'backup', '--to', folder, '--every', '1h', '--keep', '2'], { env });
    const ofTheFuture = 'auth-service-29990101T000000Z.tar.gz';
    writeFileSync(join(folder, ofTheFuture), '');
    for (const _ of [1, 2]) {
      const scheduled = child();
      let told = '';
      scheduled.stderr.on('data', (chunk) => {
        told += chunk;
      });
      await until(async () => /next backup is due at/.test(told));
      const ended = new Promise((resolve) => scheduled.once('exit', resolve));
      scheduled.kill('SIGTERM');
      assert.equal(await ended, 0);
      assert.equal(readdirSync(folder).filter((name) => name !== ofTheFuture).length, 1);
    }
  });

  it('writes into a pipe, and what comes out is whole', async (t) => {
    const env = { ...(await settingsFor('embedded', t)), PATH: process.env.PATH ?? '' };
    await command(['migrate', 'up'], env);
    const file = join(temporaryDirectory('piped'), 'archive.tar.gz');
    const child = spawn(process.execPath, [MAIN, 'backup', '--output', '-'], { env });
    let told = '';
    child.stderr.on('data', (chunk) => {
      told += chunk;
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await pipeline(child.stdout, createWriteStream(file));
    assert.equal(await ended, 0);
    assert.match(told, /Left out:/);
    const { file: checked } = await command(['restore', file, '--dry-run'], env);
    assert.equal(checked, file);
    const cut = spawn(
      '/bin/bash',
      ['-c', `set -o pipefail; '${process.execPath}' '${MAIN}' backup --output - | true`],
      { env },
    );
    let said = '';
    cut.stderr.on('data', (chunk) => {
      said += chunk;
    });
    assert.equal(await new Promise((resolve) => cut.once('close', resolve)), 1);
    assert.match(said, /ended before the archive did/);
    const drilled = await command(['restore', file, '--drill'], env);
    assert.equal(drilled.encrypted, false);
  });

  it('says what is wrong with how it is used, and leaves nothing half-written', async (t) => {
    const env = await settingsFor('embedded', t);
    await command(['migrate', 'up'], env);
    const folder = temporaryDirectory('wrong');
    for (const argv of [
      ['--output', 'x', '--keep', '3'],
      ['--to', folder, '--every', 'often'],
      ['--to', folder, '--keep', '0'],
    ]) {
      const outcome = await run(['backup', ...argv], env);
      assert.equal(outcome.code, 2, outcome.stderr);
    }
    mkdirSync(join(folder, 'taken'));
    const taken = await run(['backup', '--output', join(folder, 'taken')], env);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /could not be written to .*taken \(EISDIR\)/);
    assert.deepEqual(readdirSync(folder), ['taken']);
    const short = await run(['backup', '--to', folder], { ...env, BACKUP_PASSPHRASE: 'short' });
    assert.match(short.stderr, /BACKUP_PASSPHRASE is wrong: its value has fewer than 16 characters/);
  });

  it('a drill touches nothing of the database that is configured', async (t) => {
    const env = await settingsFor('embedded', t);
    await command(['migrate', 'up'], env);
    const { file } = await command(['backup', '--to', temporaryDirectory('drilled')], env);
    const state = () =>
      readdirSync(env.DATA_DIR ?? '', { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => `${path} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`)
        .sort();
    const before = state();
    await command(['restore', file, '--drill'], env);
    assert.deepEqual(state(), before);
    assert.ok(existsSync(file));
  });
});
