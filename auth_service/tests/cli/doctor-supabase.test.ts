import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createSharedSecretKeys } from '#keys';
import { skipReason } from '../support/databases.ts';
import type { GotrueDouble } from '../support/gotrue/double.ts';
import type { FailureMode, FailureScope } from '../support/gotrue/options.ts';
import type { Environment } from './command-line.ts';
import { run, temporaryFolder } from './command-line.ts';
import { admitPatient, assertNobodyLeft, assertWell, examine, type Patient } from './doctor-patient.ts';

const reason = skipReason('postgres');

describe('doctor supabase: what is between', reason === null ? {} : { skip: reason }, () => {
  let patient: Patient;
  let double: GotrueDouble;
  let env: Environment;
  before(async () => {
    patient = await admitPatient();
    double = await patient.start();
    env = patient.env(double);
  });
  after(() => patient.dismiss());

  /** What is found while it goes wrong so; when it does no more, all is well. */
  async function failing(mode: FailureMode, scope?: FailureScope) {
    double.fail(mode, scope);
    const examined = await examine(env).finally(() => double.fail(null));
    await assertWell(env);
    await assertNobodyLeft(double, patient);
    return examined;
  }

  async function assertReach(changed: Environment, detail: RegExp): Promise<void> {
    const { code, ok, find, troubles } = await examine({ ...env, ...changed });
    assert.deepEqual([code, ok, troubles], [1, false, ['fault reach']]);
    assert.match(find('reach').detail, detail);
  }

  it('finds nothing where nothing is wrong, with keys of either kind, and leaves nobody behind', async () => {
    await assertWell(env);
    await assertNobodyLeft(double, patient);
    const opaque = await patient.start({ keys: 'opaque' });
    await assertWell(patient.env(opaque));
    await assertNobodyLeft(opaque, patient);
  });

  it('says what is missing in the configuration, and touches nothing', async () => {
    const { SUPABASE_SERVICE_ROLE_KEY: _, ...incomplete } = env;
    const { code, troubles, find } = await examine(incomplete);
    assert.deepEqual([code, troubles], [1, ['fault configuration']]);
    assert.match(find('configuration').detail, /^SUPABASE_SERVICE_ROLE_KEY is /);
  });

  it('says that there is no Supabase where accounts are kept here', async (t) => {
    const { code, troubles, find } = await examine({ DATA_DIR: temporaryFolder(t), IDENTITY: 'embedded' });
    assert.deepEqual([code, troubles], [1, ['fault configuration']]);
    assert.match(find('configuration').remedy ?? '', /^Set IDENTITY=supabase, SUPABASE_URL/);
  });

  it('tells apart why the URL is not reached', async () => {
    await assertReach(
      { SUPABASE_URL: 'http://no-such-host.invalid' },
      /^The name of no-such-host\.invalid is not found/,
    );
    await assertReach({ SUPABASE_URL: 'http://127.0.0.1:1' }, /^The connection to 127\.0\.0\.1:1 fails \(/);
    const overTls = double.url.replace('http:', 'https:');
    await assertReach({ SUPABASE_URL: overTls }, /^No secure connection to 127\.0\.0\.1:\d+ comes about/);
    await assertReach(
      { SUPABASE_URL: `${double.url}/rest` },
      /has no Supabase Auth at \/auth\/v1: it answers 404/,
    );
  });

  it('knows a page of HTML, a redirect, and JSON of somebody else', async () => {
    const page = await failing({ html: 200 });
    assert.deepEqual([page.code, page.troubles], [1, ['fault reach']]);
    assert.match(page.find('reach').detail, /not as Supabase Auth: a page of HTML \(200\)/);
    const redirect = await failing({ redirect: 'https://elsewhere.example/auth/v1/health?apikey=secret' });
    assert.deepEqual(redirect.troubles, ['fault reach']);
    assert.match(
      redirect.find('reach').detail,
      /redirects to https:\/\/elsewhere\.example\/auth\/v1\/health\.$/,
    );
    assert.match(redirect.find('reach').remedy ?? '', /: https:\/\/elsewhere\.example$/);
    const other = await failing({ huge: 100 });
    assert.match(other.find('reach').detail, /has no Supabase Auth/);
    const down = await failing({ status: 503 });
    assert.match(down.find('reach').detail, /the answer has the status 503/);
  });

  it('prints no key that is told back to it, nothing that moves a cursor, and nothing endless', async () => {
    const msg = `\u001b[2J ${env.SUPABASE_SERVICE_ROLE_KEY} is no key ${'x'.repeat(10_000)}`;
    const { find } = await failing({ status: 500, body: { msg } }, { path: /admin/ });
    const { detail } = find('service_key');
    assert.match(
      detail,
      /^SUPABASE_SERVICE_ROLE_KEY is not taken: it answers 500 {2}\[2J \*\*\* is no key x+…$/,
    );
    assert.ok(detail.length < 400);
  });

  it('says that it is slow', async () => {
    const { code, ok, troubles } = await failing({ delayMs: 1_100 }, { path: /health/ });
    assert.deepEqual([code, ok, troubles], [0, true, ['warning reach']]);
  });

  it('comes to an end where Supabase Auth hangs, everywhere or in one place', async () => {
    const everywhere = await failing({ hang: true });
    assert.deepEqual([everywhere.code, everywhere.troubles], [1, ['fault reach']]);
    assert.match(everywhere.find('reach').detail, /gives no answer in time/);
    const atLogIn = await failing({ hang: true }, { path: /\/token/ });
    assert.deepEqual(atLogIn.troubles, ['fault probe']);
    assert.match(atLogIn.find('probe').detail, /no usable answer within two seconds/);
  });

  it('says that it is stopped, and looks at the database all the same', async () => {
    await double.stop();
    const { code, troubles, find } = await examine(env);
    await double.restart();
    assert.deepEqual([code, troubles], [1, ['fault reach']]);
    assert.match(find('reach').detail, /^The connection to 127\.0\.0\.1:\d+ fails/);
    assert.equal(find('schema').status, 'ok');
    await assertWell(env);
  });

  it('knows keys of another project, and keys cut short', async () => {
    const other = await patient.start();
    const anon = await examine({ ...env, SUPABASE_ANON_KEY: other.anonKey });
    assert.deepEqual([anon.code, anon.troubles], [1, ['fault anon_key']]);
    assert.match(anon.find('anon_key').cause ?? '', /another project/);
    const service = await examine({ ...env, SUPABASE_SERVICE_ROLE_KEY: other.serviceRoleKey });
    assert.deepEqual([service.code, service.troubles], [1, ['fault service_key']]);
    const cut = await examine({ ...env, SUPABASE_SERVICE_ROLE_KEY: double.serviceRoleKey.slice(0, -5) });
    assert.deepEqual(cut.troubles, ['fault service_key']);
    await assertNobodyLeft(double, patient);
  });

  it('knows each key in the place of the other, of either kind', async () => {
    for (const keys of ['jwt', 'opaque'] as const) {
      const { anonKey, serviceRoleKey } = await patient.start({ keys });
      const swapped = { SUPABASE_ANON_KEY: serviceRoleKey, SUPABASE_SERVICE_ROLE_KEY: anonKey };
      const { code, troubles } = await examine({ ...env, ...swapped });
      assert.deepEqual([code, troubles], [1, ['fault anon_key', 'fault service_key']]);
    }
  });

  it('says that a key has expired, or is not signed with the secret that is set', async () => {
    const { signToken } = createSharedSecretKeys({ secret: double.jwtSecret, previous: null });
    const expired = signToken({ role: 'anon', iss: 'supabase', exp: 1_700_000_000 }, 'JWT');
    const anon = await examine({ ...env, SUPABASE_ANON_KEY: expired });
    assert.deepEqual([anon.code, anon.troubles], [1, ['fault anon_key']]);
    assert.match(anon.find('anon_key').detail, /has expired \(2023-11-14\)/);
    const another = await examine({ ...env, SUPABASE_JWT_SECRET: 'x'.repeat(40) });
    assert.deepEqual([another.code, another.troubles], [0, ['warning anon_key', 'warning service_key']]);
    assert.match(another.find('anon_key').detail, /not signed with SUPABASE_JWT_SECRET/);
    await assertWell({ ...env, SUPABASE_JWT_SECRET: double.jwtSecret });
  });

  it('says what is wrong to a person too, with signs where they can be shown', async () => {
    const broken = { ...env, SUPABASE_URL: 'http://127.0.0.1:1' };
    const plain = await run(['doctor', 'supabase'], broken);
    assert.equal(plain.code, 1);
    assert.match(plain.stdout, /^ok {6}configuration {2}/);
    assert.match(plain.stdout, /^fault {3}reach {9} .*\n {8} {2}Cause: {2}.*\n {8} {2}Remedy: /m);
    assert.match(
      plain.stdout,
      /\n1 fault, no warnings\.\nNot looked at until then: anon_key, .*hook, .*\.\n$/,
    );
    const shown = await run(['doctor', 'supabase'], broken, { isTerminal: true });
    assert.match(shown.stdout, /^✓ configuration.*\n✗ reach/);
    const colourless = await run(['doctor', 'supabase'], { ...broken, NO_COLOR: '1' }, { isTerminal: true });
    assert.match(colourless.stdout, /^ok {6}configuration.*\nfault {3}reach/);
  });
});
