import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { jwtVerify } from 'jose';
import { startCli } from './child-process.ts';
import { type Outcome, run, temporaryFolder } from './command-line.ts';
import { parseEnvironmentFile } from './guide-environment.ts';

const GIVEN = 'a secret that has been there, $with "all" sorts of #signs';
const YEAR_SECONDS = 365 * 24 * 3600;
const STARTED_AT = Math.floor(Date.now() / 1000);

function fileWith(t: TestContext, text: string): string {
  const path = join(temporaryFolder(t), 'jwt-secret');
  writeFileSync(path, text);
  return path;
}

async function claimsOf(key: string | undefined, secret: string | undefined) {
  const options = { algorithms: ['HS256'], typ: 'JWT' };
  const { payload, protectedHeader } = await jwtVerify(key ?? '', Buffer.from(secret ?? ''), options);
  assert.deepEqual(protectedHeader, { alg: 'HS256', typ: 'JWT' });
  return payload;
}

/** The keys are good for so many years from now on, and say who they are as those of Supabase's own script do. */
async function assertKeys(anon: string | undefined, service: string | undefined, secret: string, years = 5) {
  const iat = (await claimsOf(anon, secret)).iat ?? 0;
  const times = { iat, exp: iat + years * YEAR_SECONDS };
  assert.ok(STARTED_AT <= iat && iat <= Date.now() / 1000);
  assert.deepEqual(await claimsOf(anon, secret), { role: 'anon', iss: 'supabase', ...times });
  assert.deepEqual(await claimsOf(service, secret), { role: 'service_role', iss: 'supabase', ...times });
}

function assertDone({ code, stderr }: Outcome): void {
  assert.deepEqual([code, stderr], [0, '']);
}

describe('supabase-keys', () => {
  it('prints a new secret with both its keys, for Supabase and for this service', async () => {
    const outcome = await run(['supabase-keys']);
    assertDone(outcome);
    const env = parseEnvironmentFile(outcome.stdout);
    assert.deepEqual(Object.keys(env), [
      'JWT_SECRET',
      'ANON_KEY',
      'SERVICE_ROLE_KEY',
      'SUPABASE_ANON_KEY',
      'SUPABASE_SERVICE_ROLE_KEY',
      'SUPABASE_JWT_SECRET',
    ]);
    assert.match(env.JWT_SECRET ?? '', /^[A-Za-z0-9]{40,}$/);
    await assertKeys(env.ANON_KEY, env.SERVICE_ROLE_KEY, env.JWT_SECRET ?? '');
    assert.equal(env.SUPABASE_ANON_KEY, env.ANON_KEY);
    assert.equal(env.SUPABASE_SERVICE_ROLE_KEY, env.SERVICE_ROLE_KEY);
    assert.equal(env.SUPABASE_JWT_SECRET, env.JWT_SECRET);
  });

  it('prints lines that a shell takes as they are, and comments', async () => {
    const { stdout } = await run(['supabase-keys']);
    for (const line of stdout.trimEnd().split('\n')) assert.match(line, /^(|# .*|[A-Z_]+=[\w.-]+)$/);
  });

  it('makes another secret each time', async () => {
    const first = JSON.parse((await run(['supabase-keys', '--json'])).stdout);
    const second = JSON.parse((await run(['supabase-keys', '--json'])).stdout);
    for (const name of ['jwt_secret', 'anon_key', 'service_role_key']) {
      assert.notEqual(first[name], second[name], name);
    }
  });

  it('gives the same as JSON, with the end of the keys', async () => {
    const outcome = await run(['supabase-keys', '--json', '--years', '10']);
    assertDone(outcome);
    const { jwt_secret, anon_key, service_role_key, expires_at, ...rest } = JSON.parse(outcome.stdout);
    assert.deepEqual(rest, {});
    await assertKeys(anon_key, service_role_key, jwt_secret, 10);
    assert.equal(Date.parse(expires_at) / 1000, (await claimsOf(anon_key, jwt_secret)).exp);
  });

  it('reads nothing of the environment, so that a faulty one does not matter', async () => {
    assertDone(await run(['supabase-keys'], { ENVIRONMENT: 'nonsense', PORT: 'x' }));
  });

  it('keeps the years within reason', async () => {
    for (const years of ['0', '31', '-1', '1.5', 'x']) {
      const { code, stdout, stderr } = await run(['supabase-keys', '--years', years]);
      assert.deepEqual([code, stdout], [2, ''], years);
      assert.match(stderr, /whole number from 1 to 30/);
    }
  });
});

describe('supabase-keys for a secret that is there', () => {
  it('makes its keys, and never shows it', async (t) => {
    for (const end of ['', '\n', '\r\n']) {
      const outcome = await run(['supabase-keys', '--jwt-secret-file', fileWith(t, GIVEN + end)]);
      assertDone(outcome);
      const env = parseEnvironmentFile(outcome.stdout);
      assert.deepEqual(Object.keys(env), [
        'ANON_KEY',
        'SERVICE_ROLE_KEY',
        'SUPABASE_ANON_KEY',
        'SUPABASE_SERVICE_ROLE_KEY',
      ]);
      await assertKeys(env.ANON_KEY, env.SERVICE_ROLE_KEY, GIVEN);
      assert.ok(!outcome.stdout.includes(GIVEN));
    }
  });

  it('says in JSON that there is no new one', async (t) => {
    const { stdout } = await run(['supabase-keys', '--json', '--jwt-secret-file', fileWith(t, GIVEN)]);
    const { jwt_secret, anon_key, service_role_key } = JSON.parse(stdout);
    assert.equal(jwt_secret, null);
    await assertKeys(anon_key, service_role_key, GIVEN);
  });

  it('takes it from standard input', async (t) => {
    const child = startCli(t, ['supabase-keys', '--jwt-secret-file', '-', '--json']);
    child.process.stdin?.end(`${GIVEN}\n`);
    const { code, stdout } = await child.exit;
    assert.equal(code, 0);
    const { anon_key, service_role_key } = JSON.parse(stdout);
    await assertKeys(anon_key, service_role_key, GIVEN);
  });

  it('counts its bytes, and refuses a short one with what to do, without showing it', async (t) => {
    const short = 'é'.repeat(15);
    const file = fileWith(t, `${short}\n`);
    const { code, stdout, stderr } = await run(['supabase-keys', '--jwt-secret-file', file]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /has 30 bytes, and HS256 needs 32.* leaving out --jwt-secret-file/);
    assert.ok(!stderr.includes(short));
    assertDone(await run(['supabase-keys', '--jwt-secret-file', fileWith(t, `${short}é\n`)]));
  });

  it('takes no file of several lines, such as a whole .env', async (t) => {
    const file = fileWith(t, `POSTGRES_PASSWORD=x\nJWT_SECRET=${GIVEN}\n`);
    const { code, stdout, stderr } = await run(['supabase-keys', '--jwt-secret-file', file]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /the JWT secret alone, in one line/);
  });

  it('says which file it could not read', async (t) => {
    const file = join(temporaryFolder(t), 'nothing');
    const { code, stderr } = await run(['supabase-keys', '--jwt-secret-file', file]);
    assert.equal(code, 1);
    assert.match(stderr, /nothing" was not read: ENOENT/);
  });
});
