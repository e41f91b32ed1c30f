import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { adminOf } from '../identity/gotrue-clients.ts';
import { skipReason } from '../support/databases.ts';
import { startGotrue } from '../support/gotrue/double.ts';
import type { GotrueOptions } from '../support/gotrue/options.ts';
import { until } from '../support/until.ts';
import { startCli } from './child-process.ts';
import { admitPatient, assertNobodyLeft, assertWell, examine, type Patient } from './doctor-patient.ts';

const reason = skipReason('postgres');
const DELETED = /\/admin\/users\/[0-9a-f-]{36}$/;
const HOOK = 'auth_service_data.custom_access_token_hook';

describe('doctor supabase: what the probe user meets', reason === null ? {} : { skip: reason }, () => {
  let patient: Patient;
  before(async () => {
    patient = await admitPatient();
  });
  after(() => patient.dismiss());

  /** What is found with a Supabase that is set up so, and with the environment changed. */
  async function examineWith(options: GotrueOptions, changed: Record<string, string> = {}) {
    const double = await patient.start(options);
    const examined = await examine({ ...patient.env(double), ...changed });
    await assertNobodyLeft(double, patient);
    return { ...examined, double, env: patient.env(double) };
  }

  it('notices that the hook is off', async () => {
    const double = await startGotrue({ mirror: { url: patient.url }, confirmsAutomatically: true });
    const { code, troubles, find } = await examine(patient.env(double));
    await assertNobodyLeft(double, patient);
    await double.close();
    assert.deepEqual([code, troubles], [1, ['fault hook']]);
    assert.match(find('hook').remedy ?? '', /GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED: "true"/);
    assert.match(find('hook').remedy ?? '', new RegExp(`pg-functions://postgres/${HOOK.replace('.', '/')}`));
  });

  it('notices a hook that answers something else, or nothing that can be used', async () => {
    const double = await patient.start();
    const env = patient.env(double);
    const [row] = await patient.query(`select pg_get_functiondef('${HOOK}(jsonb)'::regprocedure) as text`);
    const replace = (body: string) =>
      patient.query(
        `create or replace function ${HOOK}(event jsonb) returns jsonb language plpgsql as $$ begin ${body} end $$`,
      );
    const withMetadata = (metadata: string) =>
      `return jsonb_build_object('claims', event->'claims' || jsonb_build_object('app_metadata', ${metadata}));`;
    const cases: [string, RegExp][] = [
      ['return event;', /carry no roles and permissions/],
      [withMetadata(`'{"roles": "user", "permissions": []}'::jsonb`), /carry no roles and permissions/],
      [
        withMetadata(`'{"roles": ["owner"], "permissions": []}'::jsonb`),
        /the roles owner in place of \(none\)/,
      ],
      [withMetadata(`event->'claims'->'user_metadata'`), /users give themselves/],
      [`return '{}';`, /Nobody can log in.*output claims field is missing/],
      [`raise exception 'no';`, /Nobody can log in.*Error running hook URI/],
      [`return jsonb_build_object('claims', event->'claims' - 'role');`, /Nobody can log in/],
    ];
    for (const [body, detail] of cases) {
      await replace(body);
      const { code, find } = await examine(env);
      assert.deepEqual([code, find('hook').status], [1, 'fault'], body);
      assert.match(find('hook').detail, detail);
      await assertNobodyLeft(double, patient);
    }
    await patient.query(String(row?.text));
    await assertWell(env);
  });

  it('notices a hook that says of everybody what ours says of the probe user', async () => {
    const double = await patient.start();
    const env = patient.env(double);
    const [row] = await patient.query(`select pg_get_functiondef('${HOOK}(jsonb)'::regprocedure) as text`);
    await patient.query(
      `insert into auth_service_data.roles (id, name, created_at, updated_at)
         values (gen_random_uuid(), 'user', now(), now());
       create or replace function ${HOOK}(event jsonb) returns jsonb language sql as $$
         select jsonb_build_object('claims', event->'claims' ||
           '{"app_metadata": {"roles": ["user"], "permissions": []}}') $$`,
    );
    const { code, troubles, find } = await examine(env);
    assert.deepEqual([code, troubles], [1, ['fault hook']]);
    assert.match(find('hook').detail, /: user, of somebody who is deactivated here/);
    await assertNobodyLeft(double, patient);
    await patient.query(String(row?.text));
    await assertWell(env);
    await assertNobodyLeft(double, patient);
    await patient.query(`delete from auth_service_data.roles where name = 'user'`);
  });

  it('needs the secret where Supabase signs with it, and the right one', async () => {
    const { code, troubles, find, env, double } = await examineWith({ signing: 'HS256' });
    assert.deepEqual([code, troubles], [1, ['fault signing_keys', 'fault verification']]);
    assert.match(find('signing_keys').remedy ?? '', /^Set SUPABASE_JWT_SECRET to JWT_SECRET/);
    assert.match(find('verification').cause ?? '', /SUPABASE_JWT_SECRET is not set/);
    const wrong = await examine({ ...env, SUPABASE_JWT_SECRET: 'y'.repeat(40) });
    assert.match(wrong.find('verification').cause ?? '', /is not the secret/);
    await assertWell({ ...env, SUPABASE_JWT_SECRET: double.jwtSecret });
  });

  it('says which issuer to set', async () => {
    const { code, troubles, find, env, double } = await examineWith(
      {},
      { SUPABASE_JWT_ISSUER: 'https://elsewhere.example/auth/v1' },
    );
    assert.deepEqual([code, troubles], [1, ['fault issuer', 'fault verification']]);
    assert.equal(find('issuer').remedy, `Set SUPABASE_JWT_ISSUER=${double.issuer}`);
    await assertWell({ ...env, SUPABASE_JWT_ISSUER: double.issuer });
  });

  it("notices that the caller's address is not passed on", async () => {
    const { code, ok, troubles, find } = await examineWith({ rateLimitHeader: 'x-real-ip' });
    assert.deepEqual([code, ok, troubles], [0, true, ['warning caller_address']]);
    assert.match(find('caller_address').detail, /takes 127\.0\.0\.1 for the caller/);
    const remedy = find('caller_address').remedy ?? '';
    assert.match(
      remedy,
      /GOTRUE_SECURITY_SB_FORWARDED_FOR_ENABLED.*GOTRUE_RATE_LIMIT_HEADER: "X-Forwarded-For"/,
    );
    assert.match(remedy, /sb_secret_…/);
    const options = { rateLimitHeader: 'x-real-ip', honoursSbForwardedFor: true };
    assert.deepEqual((await examineWith(options)).troubles, []);
    const named = await examineWith(
      { rateLimitHeader: 'x-real-ip' },
      { SUPABASE_RATE_LIMIT_HEADER: 'X-Real-IP' },
    );
    assert.deepEqual(named.troubles, []);
  });

  it('compares the clocks, and warns or faults by how far they are apart', async () => {
    for (const [aheadMs, expected] of [
      [0, []],
      [-30_000, ['warning clock']],
      [-90_000, ['fault clock']],
    ] as const) {
      const now = () => new Date(Date.now() + aheadMs);
      assert.deepEqual((await examineWith({ now })).troubles, expected);
    }
    const { troubles, find, code } = await examineWith({ now: () => new Date(Date.now() + 90_000) });
    assert.deepEqual([code, troubles], [1, ['fault verification', 'fault clock']]);
    assert.match(find('clock').detail, /Supabase Auth is (?:89|90) seconds ahead/);
  });

  it('warns that it cannot see whether mails leave, where accounts are confirmed by mail', async () => {
    const { code, ok, troubles, find } = await examineWith({ confirmsAutomatically: false });
    assert.deepEqual([code, ok, troubles], [0, true, ['warning mail']]);
    assert.match(find('mail').remedy ?? '', /^Register an address of yours .*SMTP_HOST/);
  });

  it('warns of accounts that confirm themselves, in production', async () => {
    const confirming = { confirmsAutomatically: true };
    assert.deepEqual((await examineWith(confirming)).troubles, []);
    const production = {
      ENVIRONMENT: 'production',
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      M2M_JWT_SECRET_KEY: 'Qm9vdHN0cmFwcGVkIGJ5IGEgdGVzdCwgbm90IGZvciB1c2U',
    };
    const { code, troubles } = await examineWith(confirming, production);
    assert.deepEqual([code, troubles], [0, ['warning autoconfirm']]);
  });

  it('removes what an earlier run has left, and nobody else', async () => {
    let aheadMs = 0;
    const double = await patient.start({ now: () => new Date(Date.now() + aheadMs) });
    const make = async (email: string, app_metadata: object) =>
      assert.equal((await adminOf(double).createUser({ email, app_metadata })).error, null);
    const mark = { paservices_doctor: true };
    await make('paservices-doctor-1@example.com', mark);
    await make('paservices-doctor-2@example.com', {});
    await make('somebody@example.com', mark);
    await make('paservices-doctor-3@elsewhere.example', mark);
    const emails = () => [...double.users.values()].map(({ email }) => email).sort();
    const before = emails();
    await examine(patient.env(double));
    assert.deepEqual(emails(), before, 'a probe of this moment may belong to a doctor at work');
    aheadMs = 40_000;
    await examine(patient.env(double));
    assert.deepEqual(emails(), [
      'paservices-doctor-2@example.com',
      'paservices-doctor-3@elsewhere.example',
      'somebody@example.com',
    ]);
    for (const id of double.users.keys()) await double.deleteUser(id);
  });

  it('finds what was left among strangers with such addresses, with the profile that it had', async () => {
    let aheadMs = 0;
    const double = await patient.start({ now: () => new Date(Date.now() + aheadMs) });
    const admin = adminOf(double);
    const left = await admin.createUser({
      email: 'paservices-doctor-1@example.com',
      app_metadata: { paservices_doctor: true },
    });
    await patient.query(
      `insert into auth_service_data.profiles (user_id, email, is_active, created_at, updated_at)
       values ('${left.data.user?.id}', 'paservices-doctor-1@example.com', false, now(), now())`,
    );
    aheadMs = 40_000;
    for (let count = 0; count < 120; count += 1)
      await admin.createUser({ email: `paservices-doctor-${count}@elsewhere.example` });
    await examine(patient.env(double));
    assert.equal(double.users.size, 120);
    for (const id of double.users.keys()) await double.deleteUser(id);
    await assertNobodyLeft(double, patient);
  });

  it('removes a probe user whose making was never answered, and tries removing twice', async () => {
    const double = await patient.start();
    const env = patient.env(double);
    double.fail({ cut: 'headers' }, { path: /\/admin\/users$/, times: 1 });
    const lost = await examine(env);
    assert.deepEqual(lost.troubles, ['fault probe']);
    await assertNobodyLeft(double, patient);
    double.fail({ cut: 'before' }, { path: DELETED, times: 1 });
    assert.deepEqual((await examine(env)).troubles, []);
    await assertNobodyLeft(double, patient);
  });

  it('says that a probe user is left and why, and removes it once that is mended', async () => {
    let aheadMs = 0;
    const double = await patient.start({ now: () => new Date(Date.now() + aheadMs) });
    double.fail({ status: 500, body: { msg: 'Database error deleting user' } }, { path: DELETED });
    const { code, troubles, find } = await examine(patient.env(double));
    double.fail(null);
    assert.deepEqual([code, troubles], [0, ['warning probe']]);
    assert.match(find('probe').detail, /could not be removed: it answers 500 Database error deleting user/);
    aheadMs = 40_000;
    await examine(patient.env(double));
    await assertNobodyLeft(double, patient);
  });

  it('removes the probe user also when it is stopped by Ctrl-C', async (t) => {
    const double = await patient.start();
    // The log-in still succeeds: that it was stopped is the only fault.
    double.fail({ delayMs: 1_500 }, { path: /\/token/ });
    const child = startCli(t, ['doctor', 'supabase'], { env: patient.env(double) });
    const isAtLogIn = () => double.requests.some(({ path }) => path.endsWith('/token'));
    const isOver = () => child.process.exitCode !== null;
    await until(() => isAtLogIn() || isOver());
    assert.equal(double.users.size, 1);
    child.kill('SIGINT');
    const { code, signal, stderr } = await child.exit;
    assert.deepEqual([code, signal], [1, null]);
    assert.match(stderr, /Stopped before everything was looked at/);
    await assertNobodyLeft(double, patient);
  });
});
