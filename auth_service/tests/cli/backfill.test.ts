import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import pg from 'pg';
import { adminOf } from '../identity/gotrue-clients.ts';
import { type GotrueDouble, startGotrue } from '../support/gotrue/double.ts';
import { type Environment, run, temporaryFolder } from './command-line.ts';
import { describeOn } from './environments.ts';
import { supabaseEnvironment } from './supabase-environment.ts';

const BORN_ELSEWHERE = 250;

describeOn('postgres', 'bootstrap --backfill', (open) => {
  let double: GotrueDouble;
  let database: pg.Client;
  let env: Environment;
  before(async () => {
    const own = await open();
    double = await startGotrue();
    database = new pg.Client({ connectionString: own.DATABASE_URL });
    // The database is dropped before this suite's own end.
    database.on('error', () => {});
    await database.connect();
    env = { ...own, ...supabaseEnvironment(double) };
  });
  after(async () => {
    await double.close();
    await database.end().catch(() => {});
  });

  async function create(email: string, metadata: object = {}): Promise<string> {
    const { data, error } = await adminOf(double).createUser({
      email,
      password_hash: '$2a$10$abcdefghijklmnopqrstuuKzvEcWHpYcOLFvFkQnX0GvK3w4kQm6e',
      user_metadata: metadata,
    });
    assert.equal(error, null);
    return data.user?.id ?? '';
  }

  const profiles = async () =>
    (
      await database.query(
        `select profile.*, array(
           select role.name from auth_service_data.user_roles held
             join auth_service_data.roles role on role.id = held.role_id where held.user_id = profile.user_id
         ) as roles
         from auth_service_data.profiles profile order by profile.email`,
      )
    ).rows;

  it('changes nothing without the flag', async () => {
    await create('first@example.com');
    const { code, stdout } = await run(['bootstrap', '--json'], env);
    assert.equal(code, 0);
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ['message', 'has_administrator']);
    assert.deepEqual(await profiles(), []);
  });

  it('gives everybody a profile and the role user, over several pages, and leaves profiles as they are', async () => {
    const known = await create('known@example.com', { first_name: 'New' });
    await database.query(
      `insert into auth_service_data.profiles (user_id, email, first_name, is_active, created_at, updated_at)
       values ($1, 'kept@example.com', 'Old', false, now(), now())`,
      [known],
    );
    for (let number = 0; number < BORN_ELSEWHERE; number += 1) {
      await create(`person-${number}@example.com`, { first_name: `Person ${number}` });
    }
    const { code, stdout, stderr } = await run(['bootstrap', '--backfill', '--json'], env);
    assert.deepEqual([code, stderr], [0, '']);
    const { backfill, message } = JSON.parse(stdout);
    assert.deepEqual(backfill, { seen: BORN_ELSEWHERE + 2, adopted: BORN_ELSEWHERE + 1 });
    assert.match(message, /Supabase knows 252 accounts; 251 profiles were made\.$/);
    const made = await profiles();
    assert.equal(made.length, BORN_ELSEWHERE + 2);
    const { first_name, is_active, roles, email } = made.find(({ user_id }) => user_id === known);
    assert.deepEqual([email, first_name, is_active, roles], ['kept@example.com', 'Old', false, []]);
    const others = made.filter(({ user_id }) => user_id !== known);
    for (const person of others) assert.deepEqual([person.is_active, person.roles], [true, ['user']]);
    assert.equal(others.find((person) => person.email === 'person-7@example.com').first_name, 'Person 7');
  });

  it('adopts nobody a second time, and shows a terminal how far it is', async () => {
    const { code, stdout, stderr } = await run(['bootstrap', '--backfill'], env, { isTerminal: true });
    assert.equal(code, 0);
    assert.match(stdout, /Supabase knows 252 accounts; 0 profiles were made\.\n$/);
    assert.match(stderr, /^\r100 accounts seen, 0 adopted\r200 .*\r252 accounts seen, 0 adopted\n$/);
  });

  it('says what to do while Supabase cannot be reached', async () => {
    await double.stop();
    const { code, stderr } = await run(['bootstrap', '--backfill'], env);
    await double.restart();
    assert.equal(code, 1);
    assert.match(stderr, /error: The identity server cannot be reached/);
    assert.match(stderr, /auth-service doctor supabase/);
  });

  it('is refused where accounts are kept here, before anything is done', async (t) => {
    const embedded = { DATA_DIR: temporaryFolder(t), ENVIRONMENT: 'testing' };
    const { code, stdout, stderr } = await run(['bootstrap', '--backfill'], embedded);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /here IDENTITY is embedded/);
  });
});
