import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { skipReason } from '../support/databases.ts';
import { type GotrueDouble, startGotrue } from '../support/gotrue/double.ts';
import { createPostgresDatabase, type PostgresDatabase } from '../support/postgres-databases.ts';
import { adminOf, clientOf, created, PASSWORD, signedIn } from './gotrue-clients.ts';

const reason = skipReason('postgres');

describe('the GoTrue double and its databases', reason === null ? {} : { skip: reason }, () => {
  let database: PostgresDatabase;
  let double: GotrueDouble;
  let client: pg.Client;
  before(async () => {
    database = await createPostgresDatabase({ migrated: true });
    const { url } = database.config;
    client = new pg.Client({ connectionString: url });
    await client.connect();
    double = await startGotrue({ mirror: { url }, hook: { url } });
  });
  after(async () => {
    await double.close();
    await client.end();
    await database.drop();
  });

  async function rows(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
    return (await client.query(sql, values)).rows;
  }

  it('keeps the rows of users and sessions in step', async () => {
    const user = await created(double, { user_metadata: { full_name: 'Ada' } });
    const { session } = await signedIn(double, user.email);
    const [row] = await rows(
      'select email, raw_user_meta_data, banned_until from auth.users where id = $1',
      user.id,
    );
    assert.deepEqual(row, {
      email: user.email,
      raw_user_meta_data: { full_name: 'Ada', email_verified: true },
      banned_until: null,
    });
    await clientOf(double).refreshSession({ refresh_token: session.refresh_token });
    const [kept] = await rows(
      `select host(ip) as ip, user_agent, abs(extract(epoch from refreshed_at at time zone 'UTC' - now())) < 60 as fresh
       from auth.sessions where user_id = $1`,
      user.id,
    );
    assert.deepEqual(kept, { ip: '127.0.0.1', user_agent: 'node', fresh: true });
    await double.ban(user.id);
    const banned = await rows('select from auth.users where id = $1 and banned_until > now()', user.id);
    assert.equal(banned.length, 1);
    await adminOf(double).signOut(session.access_token);
    await adminOf(double).updateUserById(user.id, { ban_duration: 'none', password: 'another horse' });
    assert.deepEqual(await rows('select from auth.sessions where user_id = $1', user.id), []);
    await double.deleteUser(user.id);
    assert.deepEqual(await rows('select from auth.users where id = $1', user.id), []);
  });

  it('puts into a token what the hook makes of it', async () => {
    const { session } = await signedIn(double, (await created(double)).email);
    const { data } = await clientOf(double).getClaims(session.access_token);
    const metadata = data?.claims.app_metadata as Record<string, unknown>;
    assert.deepEqual([metadata.roles, metadata.permissions, metadata.provider], [[], [], 'email']);
  });

  it('issues nothing when the hook fails', async () => {
    const { email } = await created(double);
    const { session } = await signedIn(double, email);
    const replace = (body: string) =>
      client.query(
        `create or replace function auth_service_data.custom_access_token_hook(event jsonb) returns jsonb
         language plpgsql as $$ begin ${body} end $$`,
      );
    const failure = async () => {
      const { error } = await clientOf(double).signInWithPassword({ email: email ?? '', password: PASSWORD });
      return [error?.status, error?.message];
    };
    await replace(`raise exception 'no';`);
    assert.deepEqual(await failure(), [
      500,
      'Error running hook URI: pg-functions://postgres/auth_service_data/custom_access_token_hook',
    ]);
    await replace(`return '{}';`);
    assert.deepEqual(await failure(), [500, 'output claims field is missing']);
    await replace(`return jsonb_build_object('claims', (event -> 'claims') - 'role');`);
    assert.match(String((await failure())[1]), /^output claims do not conform to the expected schema: role/);
    await replace(`return '{"error": {"http_code": 403, "message": "Not today"}}';`);
    assert.deepEqual(await failure(), [403, 'Not today']);
    await replace('return event;');
    const refreshed = await clientOf(double).refreshSession({ refresh_token: session.refresh_token });
    assert.equal(refreshed.error, null);
  });
});
