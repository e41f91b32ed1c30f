import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOn } from '../support/databases.ts';
import { until } from '../support/until.ts';
import { buildSupabaseIdentity } from './build-supabase-identity.ts';
import { newPerson, refusal, signInAs } from './conformance/under-test.ts';

const SYSTEM = { type: 'system', id: null } as const;
const MINUTE = 61;
const AUTH_TABLES = `create schema auth; create table auth.schema_migrations ();
  create table auth.users (id uuid, updated_at timestamptz, banned_until timestamptz, deleted_at timestamptz);
  create table auth.sessions (id uuid, user_id uuid, created_at timestamptz, refreshed_at timestamp,
    not_after timestamptz, ip inet, user_agent text, aal text)`;

describeOn('postgres', "a database that looks like Supabase's", (open) => {
  it('but is a copy of it logs nobody out', async () => {
    await using real = await buildSupabaseIdentity(await open({ fresh: true }));
    const person = await newPerson(real);
    const copy = await open({ fresh: true });
    await copy.query(AUTH_TABLES);
    const { id, updatedAt } = real.gotrue.users.get(person.userId) ?? {};
    await copy.query('insert into auth.users (id, updated_at) values ($1, $2)', [id, updatedAt]);
    await using own = await buildSupabaseIdentity(copy, { double: real.gotrue });
    // So it looks as long as nobody has logged in.
    await own.provider.lookAround();
    await assert.rejects(own.people.verify(person.session.access_token), refusal('invalid_token'));
    await own.pass(MINUTE);
    const again = await signInAs(own, person);
    await own.people.verify(again.session.access_token);
    await own.people.verify(person.session.access_token);
    await assert.rejects(own.people.sessions(again.bearer), refusal('sessions_not_readable'));
  });

  it('but is older than what GoTrue says is not taken for it', async () => {
    await using real = await buildSupabaseIdentity(await open({ fresh: true }));
    const person = await newPerson(real);
    const copy = await open({ fresh: true });
    await copy.query(AUTH_TABLES);
    await copy.query("insert into auth.users (id, updated_at) values ($1, '2001-01-01')", [person.userId]);
    await using own = await buildSupabaseIdentity(copy, { double: real.gotrue });
    await own.provider.lookAround();
    await own.people.verify(person.session.access_token);
  });

  it('whose log-ins can no longer be read goes on without them, in administration as well', async () => {
    const database = await open({ fresh: true });
    await using own = await buildSupabaseIdentity(database);
    const person = await newPerson(own);
    await signInAs(own, person);
    await database.query('alter table auth.sessions rename to elsewhere');
    await own.users.ban(SYSTEM, person.userId);
    await assert.rejects(own.people.verify(person.session.access_token), refusal('invalid_token'));
    await assert.rejects(
      own.users.sessions(person.userId, { limit: 9, offset: 0 }),
      refusal('sessions_not_readable'),
    );
  });

  it('keeps no revocation for ever of a log-in that is gone there', async () => {
    const database = await open({ fresh: true });
    await using own = await buildSupabaseIdentity(database);
    const [person, other] = [await newPerson(own), await newPerson(own)];
    const endless = async () =>
      (await database.query('select from auth_service_data.revocations where expires_at is null')).length;
    const second = await signInAs(own, person);
    await own.people.endSession(person.bearer, second.bearer.principal.sessionId);
    assert.equal(await endless(), 1);
    // Turned away here, it ends there as well; the next look finds that out.
    await assert.rejects(own.people.refresh(second.session.refresh_token));
    await own.pass(MINUTE);
    await signInAs(own, other);
    await until(async () => (await endless()) === 0);
    await assert.rejects(own.people.verify(second.session.access_token), refusal('invalid_token'));
  });
});
