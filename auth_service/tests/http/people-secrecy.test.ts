import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts';
import { ADA, buildPeopleApp, PASSWORD, type PeopleApp, USERS } from './support/people-app.ts';

const WRONG = 'wrong-horse-battery-staple';
const NEW = 'new-horse-battery-staple';
const RATE = { limit: 4, windowSeconds: 60 };

type Ask = PeopleApp['ask'];

/** Everything a person does, can get wrong, or can be refused; also what breaks on our side. */
async function liveThrough(ask: Ask, app: PeopleApp): Promise<void> {
  const credentials = { email: ADA, password: PASSWORD };
  const statusOf = async (...request: Parameters<Ask>) => (await ask(...request)).statusCode;
  const tokenOf = async (body: object) => (await ask('POST /login', { body })).json().access_token;

  const first = (await ask('POST /register', { body: { ...credentials, username: 'ada' } })).json().session;
  assert.equal(await statusOf('POST /register', { body: credentials }), 409);
  assert.equal(await statusOf('POST /register', { body: { email: 'b@example.com', password: ADA } }), 201);
  assert.equal(await statusOf('POST /login', { body: { ...credentials, [PASSWORD]: 1 } }), 422);
  assert.equal(await statusOf('POST /login', { payload: `{"password": ${PASSWORD}}` }), 400);
  assert.equal(await statusOf('POST /login', { payload: `password=${PASSWORD}`, type: 'text/plain' }), 415);
  assert.equal(await statusOf('POST /login', { body: { email: WRONG, password: PASSWORD } }), 422);
  assert.equal(await statusOf('POST /login', { body: { email: ADA, password: WRONG } }), 401);
  const token = await tokenOf(credentials);

  for (const authorization of [`Bearer ${token}x`, `Bearer  ${token} x`, `Basic ${PASSWORD}`, token]) {
    assert.equal(await statusOf('GET /me', { headers: { authorization } }), 401);
  }
  const inUrl = `${USERS}/me?access_token=${token}&password=${PASSWORD}&refresh_token=${first.refresh_token}`;
  assert.equal((await app.app.inject(inUrl)).statusCode, 401);
  assert.equal(await statusOf('GET /me', { token }), 200);
  assert.equal(await statusOf('PATCH /me', { token, body: { first_name: 'Ada' } }), 200);
  assert.equal(await statusOf('PATCH /me', { token, body: { password: NEW } }), 422);
  assert.equal(await statusOf('GET /me/sessions', { token }), 200);

  const change = (new_password: string, current_password?: string) =>
    statusOf('PUT /password/update', { token, body: { new_password, current_password } });
  assert.equal(await change(NEW), 401);
  assert.equal(await change(NEW, WRONG), 401);
  assert.equal(await change(PASSWORD, PASSWORD), 422);
  assert.equal(await change(NEW, PASSWORD), 200);

  const third = (await ask('POST /login', { body: { email: ADA, password: NEW } })).json();
  const refresh = (refresh_token: string) => ask('POST /token/refresh', { body: { refresh_token } });
  const fourth = (await refresh(third.refresh_token)).json();
  const fifth = (await refresh(fourth.refresh_token)).json();
  app.database.clock.advance(11);
  assert.equal((await refresh(third.refresh_token)).json().code, 'refresh_token_already_used');
  assert.equal((await refresh(fifth.refresh_token)).statusCode, 401);
  assert.equal((await refresh(token)).statusCode, 401);

  assert.equal(await statusOf('POST /logout', { token, body: { scope: PASSWORD } }), 422);
  assert.equal(await statusOf('POST /logout', { token }), 200);
  const last = await tokenOf({ email: ADA, password: NEW });
  assert.equal(await statusOf('DELETE /me', { token: last }), 200);
  const guesses = [WRONG, WRONG, WRONG, WRONG, WRONG].map((password) =>
    statusOf('POST /login', { body: { email: ADA, password }, ip: '192.0.2.1' }),
  );
  assert.ok((await Promise.all(guesses)).includes(429));

  await app.database.query('alter table auth_service_identity.users rename column password_hash to lost');
  assert.equal(await statusOf('POST /register', { body: { email: 'c@example.com', password: NEW } }), 500);
}

/** Every row of every table of ours, as text. */
async function dump({ query }: TestDatabase): Promise<string> {
  const tables = await query(`select format('%I.%I', table_schema, table_name) as name
    from information_schema.tables where table_schema like 'auth\\_service\\_%' and table_type = 'BASE TABLE'`);
  assert.ok(tables.length > 10);
  const rows = [];
  for (const { name } of tables) rows.push(...(await query(`select to_json(t)::text as row from ${name} t`)));
  return rows.map(({ row }) => row).join('\n');
}

describeOnEachDatabase('a whole life of an account', (open) => {
  it('leaves no password, no token and no address in the log, nor a secret among the rows', async () => {
    const database = await open({ fresh: true });
    await using app = await buildPeopleApp(database, { people: { login: RATE } });
    const secrets = new Set([PASSWORD, WRONG, NEW]);
    let address = 0;
    await liveThrough(async (on, request) => {
      address += 1;
      const answer = await app.ask(on, { ip: `198.51.100.${address}`, ...request });
      for (const [, token = ''] of answer.body.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)) {
        secrets.add(token);
        for (const part of token.split('.')) if (part.length > 40) secrets.add(part);
      }
      return answer;
    }, app);
    await app.audit.flush();
    assert.ok(secrets.size > 15, `${secrets.size} secrets`);

    const requests = app.logText();
    const rooms = JSON.stringify(database.logger.lines);
    const rows = await dump(database);
    assert.match(requests, /"status":500/);
    assert.match(rows, /user\.deleted/);
    for (const [place, text] of Object.entries({ requests, rooms, rows })) {
      for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} in ${place}`);
    }
    for (const [place, text] of Object.entries({ requests, rooms })) {
      assert.doesNotMatch(text, /[abc]@example\.com|\$argon2/, place);
    }
    const audited = JSON.stringify(await database.storage.auditEvents.list({ limit: 1000 }));
    assert.doesNotMatch(audited, /@example\.com|\$argon2/);
  });

  it('is told in the log by the person’s id', async () => {
    await using app = await buildPeopleApp(await open());
    const { user, access_token: token, refresh_token } = await app.signUp();
    await app.logIn();
    await app.ask('POST /token/refresh', { body: { refresh_token } });
    await app.ask('PATCH /me', { token, body: { nickname: 'x' } });
    await app.ask('DELETE /me', { token });
    await app.ask('GET /me', { token });
    await app.ask('POST /login', { body: { email: ADA, password: PASSWORD } });
    const lines = app
      .requestLines()
      .map(({ path, status, user_id, error }) => ({ path, status, user_id, error }));
    const told = (path: string, status: number, code?: string) => ({
      path: USERS + path,
      status,
      user_id: status === 401 ? undefined : user.id,
      error: code === undefined ? undefined : { code },
    });
    assert.deepEqual(lines, [
      told('/register', 201),
      told('/login', 200),
      told('/token/refresh', 200),
      told('/me', 422, 'validation_failed'),
      told('/me', 200),
      told('/me', 401, 'invalid_token'),
      told('/login', 401, 'invalid_credentials'),
    ]);
  });
});
