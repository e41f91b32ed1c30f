import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestClock } from '../support/clock.ts';
import { type GotrueDouble, startGotrue } from '../support/gotrue/double.ts';
import type { FailureMode } from '../support/gotrue/options.ts';
import { adminOf, call, clientOf, created, freshEmail, PASSWORD, signedIn } from './gotrue-clients.ts';

const NEW_FORMAT = { 'x-supabase-api-version': '2024-01-01' };

function signIn(double: GotrueDouble, body: unknown, headers: Record<string, string> = {}) {
  return call(double, '/token?grant_type=password', {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

async function codeOf(response: Response): Promise<unknown[]> {
  return [response.status, response.headers.get('x-sb-error-code')];
}

describe('the gateway before the GoTrue double', () => {
  it('asks for a key, but for the public keys', async () => {
    await using double = await startGotrue();
    const without = await fetch(`${double.url}/auth/v1/health`);
    assert.deepEqual(
      [without.status, await without.json()],
      [401, { message: 'No API key found in request' }],
    );
    const forged = double.sign({ role: 'service_role' });
    const wrong = await call(double, '/health', { headers: { apikey: forged } });
    assert.deepEqual(
      [wrong.status, await wrong.json()],
      [401, { message: 'Invalid authentication credentials' }],
    );
    assert.equal((await call(double, '/health')).status, 200);
    assert.equal((await fetch(`${double.url}/auth/v1/.well-known/jwks.json`)).status, 200);
    assert.equal(double.jwksFetches(), 1);
  });

  it('turns an opaque key into a token of its role, in its own place only', async () => {
    await using double = await startGotrue({ keys: 'opaque' });
    assert.match(double.anonKey, /^sb_publishable_/);
    assert.match(double.serviceRoleKey, /^sb_secret_/);
    await created(double);
    const { data } = await adminOf(double).listUsers();
    assert.equal(data.users.length, 1);
    const headers = { apikey: double.anonKey };
    const mixed = await call(double, '/admin/users', { headers, token: double.serviceRoleKey });
    assert.deepEqual(await codeOf(mixed), [403, 'bad_jwt']);
  });
});

describe('the GoTrue double, on the wire', () => {
  it('refuses in the format that the request asks for', async () => {
    await using double = await startGotrue();
    const body = { email: freshEmail(), password: PASSWORD };
    const old = await signIn(double, body);
    assert.equal(old.headers.get('x-supabase-api-version'), null);
    assert.deepEqual(await old.json(), {
      code: 400,
      error_code: 'invalid_credentials',
      msg: 'Invalid login credentials',
    });
    const current = await signIn(double, body, NEW_FORMAT);
    assert.equal(current.headers.get('x-supabase-api-version'), '2024-01-01');
    assert.equal(current.headers.get('x-sb-error-code'), 'invalid_credentials');
    assert.deepEqual(await current.json(), {
      code: 'invalid_credentials',
      message: 'Invalid login credentials',
    });
    for (const version of ['2023-12-31', 'today']) {
      const answer = await signIn(double, body, { 'x-supabase-api-version': version });
      assert.equal(((await answer.json()) as { code: unknown }).code, 400);
    }
    const weak = await call(double, '/signup', {
      method: 'POST',
      body: JSON.stringify({ email: freshEmail(), password: 'short' }),
    });
    assert.equal(weak.status, 422);
    assert.deepEqual(((await weak.json()) as { weak_password: unknown }).weak_password, {
      reasons: ['length'],
    });
  });

  it('reads bodies as Go does', async () => {
    await using double = await startGotrue();
    assert.deepEqual(await codeOf(await signIn(double, '')), [400, 'bad_json']);
    assert.deepEqual(await codeOf(await signIn(double, { email: 1 })), [400, 'bad_json']);
    assert.deepEqual(await codeOf(await signIn(double, { email: null })), [400, 'validation_failed']);
    const unknown = { email: freshEmail(), password: PASSWORD, gotrue_meta_security: {} };
    assert.deepEqual(await codeOf(await signIn(double, unknown)), [400, 'invalid_credentials']);
    const grant = await call(double, '/token?grant_type=magic', { method: 'POST', body: '{}' });
    assert.deepEqual(await codeOf(grant), [400, 'invalid_credentials']);
    const large = await signIn(double, { email: 'x'.repeat(1_100_000) });
    assert.deepEqual(await codeOf(large), [413, 'request_entity_too_large']);
  });

  it('says of each bad bearer what is wrong with it', async () => {
    const clock = createTestClock();
    await using double = await startGotrue({ now: clock.now });
    const sub = (await created(double)).id;
    const { session } = await signedIn(double, double.users.get(sub)?.email);
    const refused = async (token?: string) =>
      await codeOf(await call(double, '/user', token === undefined ? {} : { token }));
    assert.deepEqual(await refused(), [401, 'no_authorization']);
    assert.deepEqual(await refused('none'), [403, 'bad_jwt']);
    assert.deepEqual(await refused(double.anonKey), [403, 'bad_jwt']);
    assert.deepEqual(await refused(double.sign({ sub }, { alg: 'none' })), [403, 'bad_jwt']);
    assert.deepEqual(await refused(double.sign({ sub }, { alg: 'HS256', secret: 'guess' })), [
      403,
      'bad_jwt',
    ]);
    assert.deepEqual(await refused(double.sign({ sub }, { alg: 'HS256', kid: double.kid() })), [
      403,
      'bad_jwt',
    ]);
    assert.deepEqual(await refused(double.sign({ sub }, { kid: 'unheard of' })), [403, 'bad_jwt']);
    assert.deepEqual(await refused(double.sign({ sub: 'me' })), [400, 'bad_jwt']);
    assert.deepEqual(await refused(double.sign({ sub: crypto.randomUUID() })), [403, 'user_not_found']);
    const elsewhere = double.sign({ sub, session_id: crypto.randomUUID() });
    assert.deepEqual(await refused(elsewhere), [403, 'session_not_found']);
    assert.deepEqual(await refused(double.sign({ sub }, { alg: 'HS256' })), [200, null]);
    clock.advance(3600);
    assert.deepEqual(await refused(session.access_token), [403, 'bad_jwt']);
  });

  it('rotates its key, keeps the old one in sight and drops it when told to', async () => {
    await using double = await startGotrue();
    const { client, session } = await signedIn(double, (await created(double)).email);
    const old = double.kid();
    double.rotateKey();
    const { keys } = (await (await call(double, '/.well-known/jwks.json')).json()) as {
      keys: { kid: string }[];
    };
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      [old, double.kid()],
    );
    assert.equal('d' in (keys[0] ?? {}), false);
    assert.equal((await client.getUser(session.access_token)).error, null);
    double.dropKey(old);
    assert.equal((await client.getUser(session.access_token)).error?.code, 'bad_jwt');
  });

  it('signs with the secret, and shows no key, when told to', async () => {
    await using double = await startGotrue({ signing: 'HS256', confirmsAutomatically: true });
    const { data } = await clientOf(double).signUp({ email: freshEmail(), password: PASSWORD });
    assert.ok(data.session);
    assert.equal((await clientOf(double).getUser(data.session.access_token)).error, null);
    assert.deepEqual(await (await call(double, '/.well-known/jwks.json')).json(), { keys: [] });
    const again = await clientOf(double).signUp({ email: data.user?.email ?? '', password: PASSWORD });
    assert.equal(again.error?.code, 'user_already_exists');
  });

  it('takes no sign-ups where they are off, and no new password without the old one where it is asked for', async () => {
    await using double = await startGotrue({ disableSignup: true, requireCurrentPassword: true });
    const up = await clientOf(double).signUp({ email: freshEmail(), password: PASSWORD });
    assert.equal(up.error?.code, 'signup_disabled');
    const { session } = await signedIn(double, (await created(double)).email);
    const change = async (fields: object) => {
      const body = JSON.stringify({ password: 'another horse', ...fields });
      return await codeOf(await call(double, '/user', { method: 'PUT', body, token: session.access_token }));
    };
    assert.deepEqual(await change({}), [400, 'current_password_required']);
    assert.deepEqual(await change({ current_password: 'wrong' }), [400, 'current_password_invalid']);
    assert.deepEqual(await change({ current_password: PASSWORD }), [200, null]);
    assert.deepEqual(await change({ email: (await created(double)).email }), [422, 'email_exists']);
    assert.deepEqual(await change({ app_metadata: { role: 'admin' } }), [403, 'not_admin']);
  });

  it('pages and filters its users', async () => {
    await using double = await startGotrue();
    for (const full_name of ['Ada', 'Grace', 'Edith'])
      await created(double, { user_metadata: { full_name } });
    const { data } = await adminOf(double).listUsers({ page: 1, perPage: 2 });
    assert.ok('nextPage' in data);
    assert.deepEqual([data.total, data.nextPage, data.lastPage, data.users.length], [3, 2, 2, 2]);
    const namesFor = async (query: string) => {
      const answer = await call(double, `/admin/users?${query}`, { token: double.serviceRoleKey });
      const { users } = (await answer.json()) as { users: { user_metadata: { full_name: string } }[] };
      return users.map(({ user_metadata }) => user_metadata.full_name);
    };
    assert.deepEqual(await namesFor('page=&per_page='), ['Edith', 'Grace', 'Ada']);
    assert.deepEqual(await namesFor('sort=created_at+asc&per_page=1&page=2'), ['Grace']);
    assert.deepEqual(await namesFor('filter=gra'), ['Grace']);
    const first = await call(double, '/admin/users?per_page=2', { token: double.serviceRoleKey });
    assert.equal(
      first.headers.get('link'),
      '</admin/users?page=2&per_page=2>; rel="next", </admin/users?page=2&per_page=2>; rel="last"',
    );
    const negative = await call(double, '/admin/users?page=-1', { token: double.serviceRoleKey });
    assert.deepEqual(await codeOf(negative), [400, 'validation_failed']);
  });

  it('gives a used refresh token another child inside the interval', async () => {
    const clock = createTestClock();
    await using double = await startGotrue({ now: clock.now, reuseIntervalSeconds: 10 });
    const { session } = await signedIn(double, (await created(double)).email);
    const refresh = async (refresh_token = '') => {
      const { data, error } = await clientOf(double).refreshSession({ refresh_token });
      return data.session?.refresh_token ?? error?.code;
    };
    const second = await refresh(session.refresh_token);
    const third = await refresh(second);
    clock.advance(9);
    const fourth = await refresh(session.refresh_token);
    assert.equal([session.refresh_token, second, third].includes(fourth), false);
    clock.advance(11);
    assert.equal(await refresh(second), 'refresh_token_already_used');
    assert.match(String(await refresh(fourth)), /^[a-z2-7]{12}$/);
  });

  it('counts by the address that the header names', async () => {
    await using double = await startGotrue({ limitPerAddress: 2, honoursSbForwardedFor: true });
    const from = async (headers: Record<string, string>) =>
      (await signIn(double, { email: freshEmail(), password: PASSWORD }, headers)).status;
    const one = { 'x-forwarded-for': '203.0.113.1, 10.0.0.1' };
    assert.deepEqual([await from(one), await from(one), await from(one)], [400, 400, 429]);
    assert.equal(await from({ 'x-forwarded-for': '203.0.113.2' }), 400);
    assert.equal(await from({ ...one, 'sb-forwarded-for': '203.0.113.3' }), 400);
    assert.equal(double.requests.at(-1)?.ip, '203.0.113.3');
  });
});

describe('the GoTrue double, when it fails', () => {
  it('fails in each way, on the paths and as often as it was told', async () => {
    await using double = await startGotrue();
    const health = (init: RequestInit = {}) => call(double, '/health', { redirect: 'manual', ...init });
    const failed = async (mode: FailureMode) => {
      double.fail(mode, { path: /health$/, times: 1 });
      assert.equal((await call(double, '/settings')).status, 200);
      const answer = await health();
      assert.equal((await health()).status, 200);
      return answer;
    };
    assert.match(await (await failed({ html: 502 })).text(), /^<!DOCTYPE html>/);
    const busy = await failed({ status: 503, body: { code: 'busy' } });
    assert.deepEqual([busy.status, await busy.json()], [503, { code: 'busy' }]);
    assert.equal((await (await failed({ huge: 5_000_000 })).text()).length, 5_000_000);
    assert.equal(
      (await failed({ redirect: 'http://example.com/' })).headers.get('location'),
      'http://example.com/',
    );
    assert.equal((await failed({ delayMs: 10 })).status, 200);
    for (const cut of ['headers', 'middle'] as const) await assert.rejects((await failed({ cut })).json());
    double.fail({ cut: 'before' });
    await assert.rejects(health());
    double.fail({ hang: true });
    await assert.rejects(health({ signal: AbortSignal.timeout(100) }), { name: 'TimeoutError' });
    double.fail(null);
    assert.equal((await health()).status, 200);
  });

  it('has done the work of which the answer was cut', async () => {
    await using double = await startGotrue();
    const { session } = await signedIn(double, (await created(double)).email);
    double.requests.length = 0;
    double.fail({ cut: 'middle' }, { times: 1 });
    const body = JSON.stringify({ refresh_token: session.refresh_token });
    const refresh = () => call(double, '/token?grant_type=refresh_token', { method: 'POST', body });
    await assert.rejects(async () => (await refresh()).json());
    assert.equal((await refresh()).status, 200);
    assert.deepEqual(
      double.requests.map((each) => each.body),
      [JSON.parse(body), JSON.parse(body)],
    );
  });

  it('goes, and comes back on its port with what it knew', async () => {
    await using double = await startGotrue();
    const { email } = await created(double);
    await double.stop();
    await assert.rejects(call(double, '/health'));
    await double.restart();
    await signedIn(double, email);
  });
});
