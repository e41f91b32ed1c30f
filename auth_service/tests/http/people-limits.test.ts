import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { describeOn } from '../support/databases.ts';
import { ADA, buildPeopleApp, PASSWORD, type PeopleApp } from './support/people-app.ts';

const RATE = { limit: 3, windowSeconds: 60 };
const WRONG = 'a wrong password';

/** The status of a log-in, from an address of its own unless one is given. */
function createAttempts(app: PeopleApp) {
  let count = 0;
  return async (email: string, password = WRONG, ip?: string): Promise<number> => {
    count += 1;
    const request = { body: { email, password }, ip: ip ?? `198.51.100.${count}` };
    return (await app.ask('POST /login', request)).statusCode;
  };
}

// The counters are in memory, whatever the database.
describeOn('embedded', 'the limits of people', (open) => {
  it('count log-ins by address, the right ones too, IPv6 by its /64', async () => {
    await using app = await buildPeopleApp(await open(), { people: { login: RATE } });
    await app.signUp();
    const attempt = createAttempts(app);
    for (const [first, same, other] of [
      ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.8'],
      ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:1::1'],
    ]) {
      assert.equal(await attempt(ADA, PASSWORD, first), 200);
      assert.equal(await attempt('a@example.com', WRONG, first), 401);
      assert.equal(await attempt('not an address', WRONG, same), 422);
      assert.equal(await attempt(ADA, PASSWORD, same), 429);
      assert.equal(await attempt(ADA, PASSWORD, first), 429);
      assert.equal(await attempt(ADA, PASSWORD, other), 200);
    }
  });

  it('count log-ins by e-mail in any case, and only those that failed', async () => {
    await using app = await buildPeopleApp(await open(), { people: { login: RATE } });
    await app.signUp();
    const attempt = createAttempts(app);
    for (let turn = 0; turn < 5; turn += 1) assert.equal(await attempt(ADA, PASSWORD), 200);
    assert.equal(await attempt(ADA), 401);
    assert.equal(await attempt('ADA@EXAMPLE.COM'), 401);
    assert.equal(await attempt(' Ada@example.com '), 401);
    const hashesBefore = app.people.hashCount();
    assert.equal(await attempt(ADA), 429);
    assert.equal(await attempt(ADA, PASSWORD), 429);
    assert.equal(app.people.hashCount(), hashesBefore);
    await app.signUp('grace@example.com');
    assert.equal(await attempt('grace@example.com', PASSWORD), 200);
  });

  it('count an e-mail without an account as one with it', async () => {
    await using app = await buildPeopleApp(await open(), { people: { login: RATE } });
    const attempt = createAttempts(app);
    const statuses = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push(await attempt('nobody@example.com'));
    assert.deepEqual(statuses, [401, 401, 401, 429]);
  });

  it('tell a burst of guesses no more than one after the other', async () => {
    await using app = await buildPeopleApp(await open(), { people: { login: RATE } });
    const attempt = createAttempts(app);
    const statuses = await Promise.all(Array.from({ length: 10 }, () => attempt(ADA)));
    assert.deepEqual(statuses.sort(), [401, 401, 401, 429, 429, 429, 429, 429, 429, 429]);
  });

  it('lock nobody out beyond one window, however many guess', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    await using app = await buildPeopleApp(await open(), { people: { login: RATE } });
    await app.signUp();
    const attempt = createAttempts(app);
    for (let turn = 0; turn < 3; turn += 1) await attempt(ADA);
    t.mock.timers.setTime(Date.now() + 50_000);
    for (let turn = 0; turn < 5; turn += 1) assert.equal(await attempt(ADA), 429);
    t.mock.timers.setTime(Date.now() + 10_001);
    assert.equal(await attempt(ADA, PASSWORD), 200);
  });

  it('count a wrong current password as a failed log-in, so that a stolen token guesses no faster', async () => {
    await using app = await buildPeopleApp(await open(), { people: { login: RATE } });
    const { access_token: token } = await app.signUp();
    const body = { new_password: 'a better horse battery', current_password: WRONG };
    const statuses = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const answer = await app.ask('PUT /password/update', { token, body, ip: `192.0.2.${turn}` });
      statuses.push(answer.statusCode);
    }
    assert.deepEqual(statuses, [401, 401, 401, 429]);
    assert.equal(await createAttempts(app)(ADA, PASSWORD), 429);
  });

  it('count every registration, by address and by e-mail', async () => {
    await using app = await buildPeopleApp(await open(), { people: { register: RATE } });
    const register = async (email: string, ip: string, password = PASSWORD) =>
      (await app.ask('POST /register', { body: { email, password }, ip })).statusCode;
    assert.equal(await register(ADA, '203.0.113.1'), 201);
    assert.equal(await register('ADA@example.com', '203.0.113.2'), 409);
    assert.equal(await register(` ${ADA} `, '203.0.113.3', 'short'), 422);
    const hashesBefore = app.people.hashCount();
    assert.equal(await register(ADA, '203.0.113.4'), 429);
    assert.equal(app.people.hashCount(), hashesBefore);
    const answers = [1, 2, 3, 4].map((turn) => register(`p${turn}@example.com`, '2001:db8::1', 'short'));
    assert.deepEqual(await Promise.all(answers), [422, 422, 422, 429]);
    const login = await app.ask('POST /login', {
      body: { email: ADA, password: PASSWORD },
      ip: '203.0.113.4',
    });
    assert.equal(login.statusCode, 200);
  });

  it('say when to come back, name no person, and leave one trace in a window', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database, { people: { login: RATE } });
    const attempt = createAttempts(app);
    for (let turn = 0; turn < 3; turn += 1) await attempt(ADA);
    for (let turn = 0; turn < 2; turn += 1) {
      const answer = await app.ask('POST /login', { body: { email: ADA, password: WRONG }, ip: '192.0.2.9' });
      assert.equal(answer.statusCode, 429);
      const { headers } = answer;
      assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['ratelimit-policy'], '"login-email";q=3;w=60');
      assert.equal(headers.ratelimit, `"login-email";r=0;t=${headers['retry-after']}`);
      assert.ok(Number(headers['retry-after']) > 50 && Number(headers['retry-after']) <= 60);
      const { code, detail } = answer.json();
      assert.deepEqual([code, detail], ['rate_limited', 'Too many requests. Try again later.']);
    }
    await app.audit.flush();
    const traces = await database.storage.auditEvents.list({ action: 'rate_limit.exceeded', limit: 10 });
    assert.equal(traces.length, 1);
    assert.equal(traces[0]?.detail.policy, 'login-email');
    assert.doesNotMatch(JSON.stringify(traces), /ada@|example\.com/i);
  });

  it('are off where they are switched off', async () => {
    await using app = await buildPeopleApp(await open());
    const body = { email: ADA, password: 'short' };
    const answers = Array.from({ length: 50 }, () => app.ask('POST /register', { body }));
    const statuses = (await Promise.all(answers)).map(({ statusCode }) => statusCode);
    assert.deepEqual(new Set(statuses), new Set([422]));
    const refused = await Promise.all(
      Array.from({ length: 8 }, () => createAttempts(app)(ADA, '', '192.0.2.1')),
    );
    assert.deepEqual(new Set(refused), new Set([401]));
  });
});
