import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADA, buildPeopleApp, PASSWORD, type PeopleApp, type PersonRequest } from './support/people-app.ts';

interface Told {
  readonly status: number;
  readonly headers: object;
  readonly body: string;
}

interface Work {
  readonly statements: readonly string[];
  readonly hashes: number;
}

/** What one request tells its sender, and what it costs. */
async function observe(
  app: PeopleApp,
  on: Parameters<PeopleApp['ask']>[0],
  body: PersonRequest['body'],
): Promise<{ told: Told; work: Work }> {
  const { statements } = app.database;
  statements.length = 0;
  const before = app.people.hashCount();
  const {
    statusCode,
    headers,
    body: text,
  } = await app.ask(on, { body, headers: { 'x-request-id': 'same' } });
  const { date: _date, ...rest } = headers;
  return {
    told: { status: statusCode, headers: rest, body: text },
    work: { statements: [...statements], hashes: app.people.hashCount() - before },
  };
}

describeOnEachDatabase('who does not know whether an e-mail has an account', (open) => {
  it('learns nothing from a login, neither from the answer nor from the work it takes', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database);
    const { accounts, profiles } = database.storage;
    const updatedAt = database.clock.now();
    const bannedUntil = new Date(updatedAt.getTime() + 60_000);
    await app.signUp();
    const banned = await app.signUp('banned@example.com');
    await accounts.update(banned.user.id, { bannedUntil, updatedAt });
    const inactive = await app.signUp('inactive@example.com');
    await profiles.update(inactive.user.id, { isActive: false, updatedAt });
    const passwordless = await app.signUp('passwordless@example.com');
    await accounts.update(passwordless.user.id, { passwordHash: null, updatedAt });

    const attempts = {
      unknown: { email: 'nobody@example.com', password: PASSWORD },
      wrong: { email: ADA, password: 'a wrong password' },
      passwordless: { email: 'passwordless@example.com', password: PASSWORD },
      'passwordless, with an empty one': { email: 'passwordless@example.com', password: '' },
      'banned, with the right one': { email: 'banned@example.com', password: PASSWORD },
      'banned, with a wrong one': { email: 'banned@example.com', password: 'a wrong password' },
      'inactive, with the right one': { email: 'inactive@example.com', password: PASSWORD },
    };
    const first = await observe(app, 'POST /login', attempts.unknown);
    assert.equal(first.told.status, 401);
    assert.deepEqual([first.work.statements.length, first.work.hashes], [1, 1]);
    for (const [name, attempt] of Object.entries(attempts)) {
      assert.deepEqual(await observe(app, 'POST /login', attempt), first, name);
    }
    await app.audit.flush();
    const failures = await database.storage.auditEvents.list({ action: 'user.login_failed', limit: 100 });
    assert.equal(failures.length, Object.keys(attempts).length + 1);
  });

  it('learns that it is not confirmed with the right password alone', async () => {
    await using app = await buildPeopleApp(await open(), { people: { confirmsAutomatically: false } });
    await app.ask('POST /register', { body: { email: ADA, password: PASSWORD } });
    const unknown = await observe(app, 'POST /login', { email: 'nobody@example.com', password: PASSWORD });
    const wrong = await observe(app, 'POST /login', { email: ADA, password: 'a wrong password' });
    assert.deepEqual(wrong, unknown);
    const right = await observe(app, 'POST /login', { email: ADA, password: PASSWORD });
    assert.equal(right.told.status, 403);
    assert.deepEqual(right.work, unknown.work);
  });

  it('learns nothing from registering where e-mails must be confirmed', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database, { people: { confirmsAutomatically: false } });
    const confirmed = 'confirmed@example.com';
    await app.ask('POST /register', { body: { email: confirmed, password: PASSWORD } });
    const person = await database.storage.accounts.findPersonByEmail(confirmed);
    const at = database.clock.now();
    await database.storage.accounts.update(person?.account.id ?? '', { emailConfirmedAt: at, updatedAt: at });

    const first = await observe(app, 'POST /register', { email: ADA, password: PASSWORD });
    assert.equal(first.told.status, 201);
    assert.equal(first.work.hashes, 1);
    for (const email of [ADA, 'ADA@example.com', confirmed, 'new@example.com']) {
      const again = await observe(app, 'POST /register', { email, password: 'another password' });
      assert.deepEqual(again.told, first.told, email);
      assert.equal(again.work.hashes, first.work.hashes, email);
      assert.equal(again.work.statements.length, first.work.statements.length, email);
    }
    const named = (email: string, username: string) =>
      observe(app, 'POST /register', {
        email,
        password: PASSWORD,
        username,
        first_name: 'A',
        last_name: 'B',
      });
    const stranger = await named('stranger@example.com', 'stranger');
    const known = await named(ADA, 'newcomer');
    assert.deepEqual(known.told, first.told);
    assert.deepEqual(stranger.told, first.told);
    assert.equal(known.work.statements.length, stranger.work.statements.length);
    assert.equal(known.work.hashes, stranger.work.hashes);
  });

  it('learns nothing from asking for a username again that went with the e-mail', async () => {
    await using app = await buildPeopleApp(await open(), { people: { confirmsAutomatically: false } });
    await app.ask('POST /register', { body: { email: ADA, password: PASSWORD } });
    const probe = async (email: string, username: string) => {
      const first = await observe(app, 'POST /register', { email, password: PASSWORD, username });
      const other = `${username}@example.net`;
      const second = await observe(app, 'POST /register', { email: other, password: PASSWORD, username });
      return [first.told, second.told];
    };
    assert.deepEqual(await probe(ADA, 'probe'), await probe('new@example.com', 'another'));
  });

  it('is refused for what they sent before anybody looks for the e-mail', async () => {
    const database = await open();
    await using app = await buildPeopleApp(database, { people: { confirmsAutomatically: false } });
    await app.ask('POST /register', { body: { email: ADA, password: PASSWORD } });
    const { accounts, profiles } = database.storage;
    const { account } = (await accounts.findPersonByEmail(ADA)) ?? {};
    await profiles.update(account?.id ?? '', { username: 'ada', updatedAt: database.clock.now() });
    for (const wrong of [{ password: 'short' }, { username: 'ada' }, { username: '@' }]) {
      const body = { password: PASSWORD, ...wrong };
      const known = await observe(app, 'POST /register', { ...body, email: ADA });
      const unknown = await observe(app, 'POST /register', { ...body, email: 'new@example.com' });
      assert.deepEqual(known, unknown);
      assert.equal(known.work.hashes, 0);
    }
  });
});
