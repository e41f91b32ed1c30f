import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PGliteDialect } from 'kysely';
import { openStorage } from '#storage';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { arrangeFunctionRights } from '../../src/storage/migrations/function-rights.ts';
import { createMigrations } from '../../src/storage/migrations/runner.ts';
import { SCHEMA, type Tables } from '../../src/storage/tables.ts';
import { createTestClock } from '../support/clock.ts';
import {
  findPostgresBinaries,
  type PostgresCluster,
  startPostgresCluster,
} from '../support/postgres-cluster.ts';
import { postgresConfig } from '../support/postgres-databases.ts';
import { openRawConnection, type RawConnection, type RawRow } from '../support/raw-connection.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import {
  asRole,
  callHook,
  createSupabaseRoles,
  grantRoles,
  insertPerson,
  SUPABASE_ROLES,
} from './supabase.ts';

type Query = RawConnection['query'];

const BINARIES = findPostgresBinaries();
const WITHOUT_BINARIES =
  BINARIES === null ? { skip: 'a server of its own is needed: no PostgreSQL binaries were found' } : {};
const EDITOR = { claims: { app_metadata: { roles: ['editor'], permissions: ['orders:write'] } } };

async function ownersOfClaimsFunctions(query: Query): Promise<unknown[]> {
  const rows = await query(`
    select distinct pg_get_userbyid(proowner) as owner from pg_proc
    where pronamespace = 'auth_service_data'::regnamespace and prosecdef`);
  return rows.map(({ owner }) => owner);
}

/** Who may act as the reader or give it away, and whether the reader may make something. */
async function traces(query: Query): Promise<unknown> {
  const members = await query(`
    select pg_get_userbyid(member) as member, to_jsonb(m) ->> 'set_option' as may_act, admin_option as may_give
    from pg_auth_members m where roleid = 'auth_service_reader'::regrole`);
  const [reader] = await query(`
    select has_schema_privilege('auth_service_reader', 'auth_service_data', 'create') as may_create`);
  return { members, mayCreate: reader?.may_create };
}

/** Roles are the whole server's, so this needs one of its own, where they are not there yet. */
describe('migrating as a role with few rights [postgres]', WITHOUT_BINARIES, () => {
  let cluster: PostgresCluster;
  before(async () => {
    cluster = await startPostgresCluster(BINARIES ?? '');
  });
  after(() => cluster.stop());

  /** A database in which `migrator` may make schemas. Roles and database go with the test. */
  async function openAs(test: TestContext, attributes: string, name = 'migrated') {
    const server = openRawConnection(postgresConfig(cluster.url));
    await server.query(`create database ${name}`);
    const url = new URL(cluster.url);
    url.pathname = `/${name}`;
    const admin = openRawConnection(postgresConfig(url.href));
    await admin.query(`
      create role migrator login ${attributes};
      grant create on database ${name} to migrator`);
    url.username = 'migrator';
    const logger = createRecordingLogger();
    const config = postgresConfig(url.href);
    const storage = await openStorage({ database: config, logger, now: createTestClock().now });
    test.after(async () => {
      await storage.close();
      await admin.close();
      await server.query(`drop database ${name} with (force)`);
      for (const role of [...SUPABASE_ROLES, 'auth_service_reader', 'migrator', 'bystander']) {
        await server.query(`drop role if exists ${role}`);
      }
      await server.close();
    });
    return { admin: admin.query, storage, logger, url, reasons: () => logger.lines.map(reasonOf) };
  }

  const reasonOf = ({ context }: { context: { reason?: unknown } | undefined }) => String(context?.reason);

  async function hookWorks({ admin, storage }: Awaited<ReturnType<typeof openAs>>) {
    await grantRoles(storage, { editor: ['orders:write'] });
    const user_id = await insertPerson(storage, { roles: ['editor'] });
    const ask = () => callHook(admin, { user_id, claims: {} });
    assert.deepEqual(await asRole(admin, 'migrator', ask), EDITOR);
    assert.deepEqual(await asRole(admin, 'supabase_auth_admin', ask), EDITOR);
  }

  it('one that may create roles makes the reader, hands over, and keeps nothing of it', async (test) => {
    const database = await openAs(test, 'createrole');
    const { admin, storage, logger } = database;
    await createSupabaseRoles(admin);
    await storage.migrations.up();
    assert.deepEqual(await ownersOfClaimsFunctions(admin), ['auth_service_reader']);
    assert.deepEqual(await traces(admin), { members: [], mayCreate: false });
    await hookWorks(database);
    assert.deepEqual(logger.lines, []);
  });

  it('having handed over, it still grants to roles that appear later', async (test) => {
    const database = await openAs(test, 'createrole');
    const { admin, storage, logger } = database;
    await storage.migrations.up();
    await createSupabaseRoles(admin);
    await assert.rejects(
      asRole(admin, 'supabase_auth_admin', () => callHook(admin, {})),
      /permission denied/,
    );
    await storage.migrations.up();
    await hookWorks(database);
    assert.deepEqual(logger.lines, []);
  });

  it('one that may not create roles keeps the functions and says so; they work', async (test) => {
    const database = await openAs(test, 'nocreaterole');
    const { admin, storage, logger, reasons } = database;
    await createSupabaseRoles(admin);
    await storage.migrations.up();
    assert.deepEqual(await ownersOfClaimsFunctions(admin), ['migrator']);
    assert.equal(logger.lines.length, 1);
    assert.equal(logger.lines[0]?.level, 'WARNING');
    assert.match(reasons().join(), /permission denied to create role.*make that role/);
    assert.deepEqual(await admin("select from pg_policies where schemaname = 'auth_service_data'"), []);
    await hookWorks(database);
    await assert.rejects(
      asRole(admin, 'anon', () => callHook(admin, {})),
      /permission denied/,
    );
  });

  it('once an administrator has made the reader and granted it, the next migrate up hands over', async (test) => {
    const database = await openAs(test, 'nocreaterole noinherit');
    const { admin, storage, logger, reasons } = database;
    await createSupabaseRoles(admin);
    await admin('create role auth_service_reader nologin');
    await storage.migrations.up();
    assert.match(reasons().join(), /must have admin option on role "auth_service_reader"/);
    logger.lines.length = 0;
    await admin('grant auth_service_reader to migrator');
    await storage.migrations.up();
    assert.deepEqual(await ownersOfClaimsFunctions(admin), ['auth_service_reader']);
    const { members } = (await traces(admin)) as { members: { member: unknown }[] };
    assert.deepEqual(
      members.map(({ member }) => member),
      ['migrator'],
    );
    await admin('revoke auth_service_reader from migrator');
    await storage.migrations.up();
    await hookWorks(database);
    assert.deepEqual(logger.lines, []);
  });

  it('a reader that may do more than read is not trusted with the functions', async (test) => {
    const { admin, storage, reasons } = await openAs(test, 'createrole');
    await admin('create role auth_service_reader createdb');
    await storage.migrations.up();
    assert.deepEqual(await ownersOfClaimsFunctions(admin), ['migrator']);
    assert.match(reasons().join(), /may do more than read/);
  });

  it('in a schema that an administrator made, what could not be granted is said', async (test) => {
    const { admin, storage, reasons } = await openAs(test, 'createrole');
    await createSupabaseRoles(admin);
    await admin('create schema auth_service_data; grant all on schema auth_service_data to migrator');
    await storage.migrations.up();
    assert.deepEqual(await ownersOfClaimsFunctions(admin), ['migrator']);
    assert.match(reasons().join('\n'), /^The functions [^\n]*permission denied for schema[^\n]*\n/);
    assert.match(reasons().join('\n'), /supabase_auth_admin may not call .*custom_access_token_hook/);
    assert.match(reasons().join('\n'), /anon may not call .*authorize/);
    await admin('grant all on schema auth_service_data to migrator with grant option');
    await storage.migrations.up();
    assert.deepEqual(await ownersOfClaimsFunctions(admin), ['auth_service_reader']);
  });

  it('a role that is not the owner leaves the rights as they are, and says so', async (test) => {
    const { admin, storage, url } = await openAs(test, 'createrole');
    await storage.migrations.up();
    await admin(`create role bystander login;
      grant usage on schema auth_service_data to bystander;
      grant select on auth_service_data.schema_migrations to bystander;
      create policy readable on auth_service_data.schema_migrations for select to bystander using (true)`);
    const other = new URL(url);
    other.username = 'bystander';
    const logger = createRecordingLogger();
    const { now } = createTestClock();
    const asBystander = await openStorage({ database: postgresConfig(other.href), logger, now });
    await asBystander.migrations.up().finally(() => asBystander.close());
    assert.match(logger.lines.map(reasonOf).join(), /^Only the owner/);
  });

  it('an administrator’s up after the owner’s changes nothing but what was missing', async (test) => {
    const database = await openAs(test, 'nocreaterole');
    const { admin, storage, url } = database;
    await storage.migrations.up();
    await createSupabaseRoles(admin);
    const asAdmin = new URL(url);
    asAdmin.username = 'postgres';
    const logger = createRecordingLogger();
    const { now } = createTestClock();
    const administrator = await openStorage({ database: postgresConfig(asAdmin.href), logger, now });
    await administrator.migrations.up().finally(() => administrator.close());
    assert.deepEqual(await ownersOfClaimsFunctions(admin), ['auth_service_reader']);
    await hookWorks(database);
    assert.deepEqual(logger.lines, []);
  });

  it('two databases of one server that migrate at once share the reader', async (test) => {
    const first = await openAs(test, 'createrole');
    const server = openRawConnection(postgresConfig(cluster.url));
    await server.query('create database another');
    await server.query('grant create on database another to migrator');
    const url = new URL(first.url);
    url.pathname = '/another';
    const logger = createRecordingLogger();
    const { now } = createTestClock();
    const second = await openStorage({ database: postgresConfig(url.href), logger, now });
    await Promise.all([first.storage.migrations.up(), second.migrations.up()]);
    assert.deepEqual([...first.logger.lines, ...logger.lines], []);
    await second.close();
    await server.query('drop database another with (force)');
    await server.close();
    assert.deepEqual(await ownersOfClaimsFunctions(first.admin), ['auth_service_reader']);
  });
});

/** PostgreSQL 18, where the right to act as a role is apart from membership. */
describe('migrating as a role with few rights [embedded]', () => {
  async function migrateAs(test: TestContext, attributes: string) {
    const database = await PGlite.create();
    test.after(() => database.close());
    const query: Query = async (text, values) =>
      values === undefined
        ? ((await database.exec(text)).at(-1)?.rows as RawRow[])
        : (await database.query<RawRow>(text, [...values])).rows;
    const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite: database }) }).withSchema(SCHEMA);
    const engine: Engine = {
      kind: 'embedded',
      db,
      withSchemaDatabase: (work) => work(db),
      checkTimeoutMs: 0,
      close: () => database.close(),
    };
    const logger = createRecordingLogger();
    const { now } = createTestClock();
    const afterUp = (schemaDb: Kysely<Tables>) => arrangeFunctionRights(schemaDb, logger);
    await createSupabaseRoles(query);
    await query(`
      create role migrator ${attributes};
      grant create on database postgres to migrator;
      set role migrator`);
    const migrations = createMigrations({ engine, logger, now, withEach: async () => {}, afterUp });
    await migrations.up();
    return { query, migrations, logger };
  }

  const NOTHING = { claims: { app_metadata: { roles: [], permissions: [] } } };

  it('one that may create roles makes the reader, hands over, and keeps the right to give it away alone', async (test) => {
    const { query, migrations, logger } = await migrateAs(test, 'createrole');
    assert.deepEqual(await ownersOfClaimsFunctions(query), ['auth_service_reader']);
    const members = [{ member: 'migrator', may_act: 'false', may_give: true }];
    assert.deepEqual(await traces(query), { members, mayCreate: false });
    await query('revoke all on all functions in schema auth_service_data from supabase_auth_admin');
    await migrations.up();
    const ask = () => callHook(query, {});
    assert.deepEqual(await asRole(query, 'migrator', ask), NOTHING);
    assert.deepEqual(await asRole(query, 'supabase_auth_admin', ask), NOTHING);
    assert.deepEqual(logger.lines, []);
  });

  it('one that may not create roles keeps the functions and says so', async (test) => {
    const { query, logger } = await migrateAs(test, 'nocreaterole');
    assert.deepEqual(await ownersOfClaimsFunctions(query), ['migrator']);
    assert.match(String(logger.lines[0]?.context?.reason), /permission denied to create role/);
    assert.deepEqual(await asRole(query, 'supabase_auth_admin', () => callHook(query, {})), NOTHING);
  });
});
