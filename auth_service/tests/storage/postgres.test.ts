import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from '#config';
import { isServiceError } from '#errors';
import { type OpenStorageOptions, openStorage } from '#storage';
import { createTestClock } from '../support/clock.ts';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { roleNamed } from './builders.ts';

type PostgresConfig = Extract<Config['database'], { kind: 'postgres' }>;

const unavailable = (error: unknown) =>
  isServiceError(error, 'database_unavailable') && error.retryAfterSeconds === 1;

const PAGE = { limit: 1, offset: 0 };

describeOn('postgres', 'storage on PostgreSQL', (open) => {
  function configOf({ config }: TestDatabase, changes: Partial<PostgresConfig> = {}): PostgresConfig {
    if (config.kind !== 'postgres') throw new Error('not PostgreSQL');
    return { ...config, ...changes };
  }

  async function openWith(
    test: TestContext,
    database: PostgresConfig,
    options: Partial<OpenStorageOptions> = {},
  ) {
    const logger = createRecordingLogger();
    const storage = await openStorage({ database, logger, now: createTestClock().now, ...options });
    test.after(() => storage.close());
    return { storage, logger };
  }

  const connectionsOf = (name: string) => `
    select pid from pg_stat_activity where application_name = '${name}' and datname = current_database()`;
  const cutConnections = `select pg_terminate_backend(pid) from (${connectionsOf('auth-service')}) as ours`;

  it('opens without a server, and says database_unavailable until there is one', async (test) => {
    const database = await open();
    const away = configOf(database, { url: 'postgresql://postgres@127.0.0.1:1/postgres' });
    const { storage } = await openWith(test, away);
    await assert.rejects(storage.check(), unavailable);
    await assert.rejects(storage.roles.list(PAGE), unavailable);
    await assert.rejects(storage.migrations.status(), unavailable);
    await assert.rejects(storage.migrations.up(), unavailable);
    await assert.rejects(
      storage.transaction(({ roles }) => roles.list(PAGE)),
      unavailable,
    );
  });

  it('a database or role that is not there is database_unavailable too', async (test) => {
    const url = new URL(configOf(await open()).url);
    url.pathname = '/nowhere';
    const { storage } = await openWith(test, configOf(await open(), { url: url.href }));
    await assert.rejects(storage.check(), unavailable);
  });

  it('survives connections that are cut while idle, and says so', async () => {
    const { storage, query, logger } = await open();
    await storage.roles.list(PAGE);
    const cut = await query(cutConnections);
    const heard = () => logger.lines.filter(({ message }) => message.includes('connection was lost')).length;
    while (heard() < cut.length) await nextTurn();
    await storage.roles.insert(roleNamed('after'));
  });

  it('a connection cut in a transaction is database_unavailable, whatever the rollback says, and nothing stays', async () => {
    const { storage, query } = await open();
    const work = storage.transaction(async ({ roles }) => {
      await roles.insert(roleNamed('lost'));
      await query(cutConnections);
      await roles.list(PAGE);
    });
    await assert.rejects(work, unavailable);
    assert.equal(await storage.roles.findByName('lost'), null);
  });

  it('a statement that takes too long is ended by the server', async (test) => {
    const database = await open();
    const { storage } = await openWith(test, configOf(database, { statementTimeoutMs: 100 }));
    await database.storage.transaction(async ({ lock }) => {
      await lock('a-name');
      await assert.rejects(
        storage.transaction((stores) => stores.lock('a-name')),
        unavailable,
      );
    });
    await storage.check();
  });

  it('a transaction that forgets itself is ended by the server', async (test) => {
    const database = await open();
    const { storage } = await openWith(test, configOf(database, { statementTimeoutMs: 100 }));
    const work = storage.transaction(async ({ roles }) => {
      await roles.insert(roleNamed('forgotten'));
      const others = `select pid from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`;
      while ((await database.query(others)).length > 0);
      await roles.list(PAGE);
    });
    await assert.rejects(work, unavailable);
    assert.equal(await storage.roles.findByName('forgotten'), null);
  });

  it('a pool with nothing free is database_unavailable after its time', async (test) => {
    const database = await open();
    const { storage } = await openWith(test, configOf(database, { poolMax: 1, connectTimeoutMs: 100 }));
    await storage.transaction(async ({ roles }) => {
      await roles.list(PAGE);
      await assert.rejects(storage.roles.list(PAGE), unavailable);
    });
    await storage.roles.list(PAGE);
  });

  it('a server that has gone silent does not hold a statement, a check or the close for ever', async (test) => {
    const database = await open();
    const proxy = await startProxy(test, configOf(database).url);
    const { storage } = await openWith(
      test,
      configOf(database, { url: proxy.url, statementTimeoutMs: 100, poolMax: 2 }),
    );
    await storage.roles.list(PAGE);
    proxy.fallSilent();
    const statement = assert.rejects(storage.roles.list(PAGE), unavailable);
    await assert.rejects(storage.check(), unavailable);
    await statement;
    await storage.close();
  });

  it('names itself to the server', async () => {
    const { storage, query } = await open();
    await storage.roles.list(PAGE);
    assert.notEqual((await query(connectionsOf('auth-service'))).length, 0);
  });

  it('asks for TLS unless told not to, and does without where the server has none and nobody insists', async (test) => {
    const database = await open();
    const withMode = (mode: string) => {
      const url = new URL(configOf(database).url);
      url.searchParams.set('sslmode', mode);
      return openWith(test, configOf(database, { url: url.href }));
    };
    for (const mode of ['disable', 'allow', 'prefer']) {
      const { storage } = await withMode(mode);
      await storage.check();
    }
    for (const mode of ['require', 'verify-full', 'no-verify']) {
      const { storage } = await withMode(mode);
      await assert.rejects(storage.check(), unavailable, mode);
    }
  });

  it('does without limits kept by the server where a pooler refuses them', async (test) => {
    const database = await open();
    const proxy = await startProxy(test, configOf(database).url, { refuses: 'statement_timeout' });
    const { storage } = await openWith(test, configOf(database, { url: proxy.url }));
    await Promise.all([storage.roles.list(PAGE), storage.roles.list(PAGE), storage.check()]);
  });

  it('gives no prepared statement a name, as poolers in transaction mode need it', async (test) => {
    const database = await open();
    const sent: Buffer[] = [];
    const proxy = await startProxy(test, configOf(database).url, { onSent: (data) => sent.push(data) });
    const { storage } = await openWith(test, configOf(database, { url: proxy.url }));
    const role = await storage.roles.insert(roleNamed('reader'));
    await storage.roles.find(role.id);
    await storage.roles.find(role.id);
    // Parse: its type, its length, and then the name up to a zero (PostgreSQL, 53.7).
    const parses = sent.filter((data) => data[0] === 'P'.charCodeAt(0));
    assert.equal(parses.length, 3);
    assert.ok(parses.every((data) => data[5] === 0));
  });

  it('migrates past the pooler where a direct URL is given', async (test) => {
    const direct = await open({ migrated: false });
    const pooled = { url: 'postgresql://postgres@127.0.0.1:1/postgres', directUrl: configOf(direct).url };
    const { storage } = await openWith(test, configOf(direct, pooled));
    assert.equal((await storage.migrations.up()).status.state, 'current');
  });

  it('status needs no right but to read', async (test) => {
    const database = await open({ fresh: true });
    const role = `reader_${crypto.randomUUID().replaceAll('-', '')}`;
    await database.query(`create role ${role} login;
      grant usage on schema auth_service_data to ${role};
      grant select on auth_service_data.schema_migrations to ${role};
      create policy readable on auth_service_data.schema_migrations for select to ${role} using (true)`);
    test.after(() => database.query(`drop owned by ${role}; drop role ${role}`));
    const url = new URL(configOf(database).url);
    url.username = role;
    const { storage } = await openWith(test, configOf(database, { url: url.href }));
    assert.equal((await storage.migrations.status()).state, 'current');
    await assert.rejects(storage.roles.list(PAGE));
    await storage.close();
  });

  it('roles of Supabase’s REST layer see nothing, whatever the database grants by default', async (test) => {
    const database = await open({ migrated: false });
    for (const role of ['anon', 'authenticated']) {
      await database.query(
        `do $$ begin create role ${role}; exception when duplicate_object then null; end $$`,
      );
    }
    await database.query('alter default privileges grant all on tables to anon, authenticated, public');
    await database.query('alter default privileges grant usage on schemas to anon, authenticated, public');
    const { storage } = await openWith(test, configOf(database));
    await storage.migrations.up();
    const rights = await database.query(`
      select relname, grantee from (
        select relname, (aclexplode(relacl)).grantee from pg_class
        where relnamespace = 'auth_service_data'::regnamespace and relkind in ('r', 'p')
        union all select nspname, (aclexplode(nspacl)).grantee from pg_namespace where nspname = 'auth_service_identity'
      ) granted where grantee <> 'postgres'::regrole`);
    assert.deepEqual(rights, []);
    await database.query(
      'alter default privileges revoke all on tables from anon, authenticated, public; alter default privileges revoke usage on schemas from anon, authenticated, public',
    );
  });
});

interface Proxy {
  readonly url: string;
  /** Goes on taking what is sent, and answers no more. */
  fallSilent(): void;
}

/** Stands before the server, as a network or a pooler does. */
async function startProxy(
  test: TestContext,
  to: string,
  { refuses, onSent = () => {} }: { refuses?: string; onSent?: (data: Buffer) => void } = {},
): Promise<Proxy> {
  const target = new URL(to);
  const sockets: Socket[] = [];
  let isSilent = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('data', (data) => {
      onSent(data);
      if (refuses !== undefined && data.includes(refuses)) {
        near.end(refusal(`unsupported startup parameter: ${refuses}`));
      } else if (!isSilent) far.write(data);
    });
    far.on('data', (data) => isSilent || near.write(data));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const url = new URL(to);
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return {
    url: url.href,
    fallSilent() {
      isSilent = true;
    },
  };
}

/** An ErrorResponse as PgBouncer sends it. */
function refusal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
