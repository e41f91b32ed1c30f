import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FINDING_IDS } from '../../src/identity/supabase/doctor/findings.ts';
import { skipReason } from '../support/databases.ts';
import type { GotrueDouble } from '../support/gotrue/double.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { run } from './command-line.ts';
import { admitPatient, assertNobodyLeft, assertWell, examine, type Patient } from './doctor-patient.ts';

const reason = skipReason('postgres');

describe('doctor supabase: the database', reason === null ? {} : { skip: reason }, () => {
  let patient: Patient;
  let double: GotrueDouble;
  const role = `doctor_${process.pid}`;
  before(async () => {
    patient = await admitPatient();
    double = await patient.start();
    await patient.query(
      `create role ${role} login; grant usage on schema auth_service_data to ${role};
       grant all on all tables in schema auth_service_data to ${role};
       do $$ declare ours regclass; begin
         for ours in select oid from pg_class
           where relnamespace = 'auth_service_data'::regnamespace and relkind in ('r', 'p') loop
           execute format('create policy doctor on %s to ${role} using (true)', ours);
         end loop;
       end $$`,
    );
  });
  after(async () => {
    await patient.query(`drop owned by ${role}; drop role ${role}`);
    await patient.dismiss();
  });

  /** As a role that may do what this service does, and nothing in `auth`. */
  function asOwnRole() {
    const url = new URL(patient.url);
    url.username = role;
    url.password = '';
    return { ...patient.env(double), DATABASE_URL: url.href };
  }

  it('names the grants that a role of its own lacks, one after the other, in SQL that cures it', async () => {
    const env = asOwnRole();
    const expectWarning = async (detail: RegExp): Promise<string> => {
      const { code, ok, troubles, find } = await examine(env);
      assert.deepEqual([code, ok, troubles], [0, true, ['warning session_grants', 'warning caller_address']]);
      assert.match(find('session_grants').detail, detail);
      await assertNobodyLeft(double, patient);
      const remedy = find('session_grants').remedy ?? '';
      return remedy.replace(/^.* run: /, '').replace(/ or connect .*$/, '');
    };
    const cure = await expectWarning(/has no usage on schema auth/);
    await patient.query(`grant usage on schema auth to ${role}`);
    await expectWarning(/may not select from auth\.users and auth\.sessions/);
    await patient.query(`alter table auth.users enable row level security;
      alter table auth.sessions enable row level security;
      grant select on auth.users, auth.sessions to ${role}`);
    await expectWarning(/row level security hides the rows/);
    await patient.query(cure);
    await assertWell(env);
    await patient.query(`alter table auth.users disable row level security;
      alter table auth.sessions disable row level security`);
  });

  it('notices that Supabase Auth may not call the hook, until migrate up', async () => {
    const env = patient.env(double);
    const hook = 'function auth_service_data.custom_access_token_hook(jsonb)';
    await patient.query(`revoke execute on ${hook} from supabase_auth_admin`);
    const { code, troubles } = await examine(env);
    assert.deepEqual([code, troubles], [1, ['fault hook_rights']]);
    assert.equal((await run(['migrate', 'up'], env)).code, 0);
    await assertWell(env);
    await patient.query('revoke usage on schema auth_service_data from supabase_auth_admin');
    assert.deepEqual((await examine(env)).troubles, ['fault hook_rights']);
    assert.equal((await run(['migrate', 'up'], env)).code, 0);
    await assertWell(env);
  });

  it('notices another database, with a schema auth or without', async () => {
    const other = await admitPatient();
    const env = { ...patient.env(double), DATABASE_URL: other.url };
    const without = await examine(env);
    assert.deepEqual(
      [without.code, without.troubles],
      [1, ['fault shared_database', 'warning caller_address']],
    );
    assert.match(without.find('shared_database').detail, /this database has no schema auth/);
    await other.start();
    const another = await examine(env);
    assert.deepEqual(
      [another.code, another.troubles],
      [1, ['fault shared_database', 'warning caller_address']],
    );
    assert.match(another.find('shared_database').detail, /the probe user is not in its auth\.users/);
    assert.match(another.find('shared_database').remedy ?? '', /AUTH_SERVICE_DATABASE_URL=postgresql:/);
    await other.dismiss();
    await assertNobodyLeft(double, patient);
  });

  it('says that the schema is missing, until migrate up', async () => {
    const empty = await createPostgresDatabase({ migrated: false });
    const env = { ...patient.env(double), DATABASE_URL: empty.config.url };
    const { code, find } = await examine(env);
    assert.deepEqual([code, find('schema').status], [1, 'fault']);
    assert.match(find('schema').remedy ?? '', /auth-service migrate up/);
    assert.equal((await run(['migrate', 'up'], env)).code, 0);
    assert.equal((await examine(env)).find('schema').status, 'ok');
    await empty.drop();
    await assertNobodyLeft(double, patient);
  });

  it('warns of a database far away that nothing makes sure is spoken to in secret', async () => {
    const env = (query: string) => ({
      ...patient.env(double),
      DATABASE_URL: `postgresql://postgres:hidden-one@no-such-host.invalid/postgres${query}`,
    });
    const { troubles, find } = await examine(env(''));
    assert.deepEqual(troubles, ['fault database', 'warning database_tls', 'warning caller_address']);
    assert.match(find('database_tls').detail, /at no-such-host\.invalid is encrypted/);
    assert.match(find('database_tls').remedy ?? '', /sslmode=verify-full&sslrootcert=/);
    const encrypted = await examine(env('?sslmode=require'));
    assert.deepEqual(encrypted.troubles, ['fault database', 'warning caller_address']);
  });

  it('says that the database is away, and looks at Supabase all the same', async () => {
    const env = {
      ...patient.env(double),
      DATABASE_URL: 'postgresql://postgres:hidden-one@127.0.0.1:1/postgres',
    };
    const { code, find, findings, stderr } = await examine(env);
    assert.deepEqual([code, find('database').status, find('service_key').status], [1, 'fault', 'ok']);
    assert.match(find('database').detail, /cannot be reached: .*ECONNREFUSED/);
    assert.doesNotMatch(JSON.stringify(findings) + stderr, /hidden-one/);
    await assertNobodyLeft(double, patient);
  });
});

describe('the findings of doctor supabase', () => {
  it('stand in docs/supabase.md, each and no others, in their order', () => {
    const text = readFileSync(resolve(import.meta.dirname, '../../../docs/supabase.md'), 'utf8');
    const chapter = text.slice(text.indexOf('## When something is wrong'));
    const listed = [...chapter.matchAll(/^\| `([a-z_]+)` /gm)].map(([, id]) => id);
    assert.deepEqual(listed, [...FINDING_IDS]);
  });
});
