import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { describeOnEachDatabase } from '../support/databases.ts';
import { startStorageProcess } from './processes/storage-process.ts';

const MIGRATIONS = 'auth_service_data.schema_migrations';

describeOnEachDatabase('migrations', (open) => {
  it('an empty database is behind, then current; a second up finds nothing to do', async () => {
    const { storage, clock } = await open({ migrated: false });
    const before = await storage.migrations.status();
    assert.equal(before.state, 'behind');
    assert.equal(before.database, 0);
    assert.deepEqual(before.migrations[0], { version: 1, name: 'foundation', appliedAt: null });
    const { applied, status } = await storage.migrations.up();
    assert.deepEqual(
      applied,
      before.migrations.map(({ version }) => version),
    );
    assert.equal(status.state, 'current');
    assert.equal(status.database, status.expected);
    assert.deepEqual(status.migrations[0]?.appliedAt, clock.now());
    assert.deepEqual(await storage.migrations.up(), { applied: [], status });
    assert.deepEqual(await storage.migrations.status(), status);
  });

  it('before the migration a store says schema_behind', async () => {
    const { storage } = await open({ migrated: false });
    await assert.rejects(storage.roles.list({ limit: 1, offset: 0 }), (error) =>
      isServiceError(error, 'schema_behind'),
    );
  });

  it('two processes that migrate at once apply everything once, and both succeed', async (test) => {
    const { storage, config } = await open({ migrated: false });
    const expected = (await storage.migrations.status()).migrations.map(({ version }) => version);
    const processes = [1, 2].map(() => startStorageProcess(test));
    await Promise.all(processes.map((process) => process.tell({ do: 'open', config, mode: 'command' })));
    const applied = await Promise.all(processes.map((process) => process.tell({ do: 'migrate' })));
    assert.deepEqual((applied as number[][]).flat().sort(), expected);
    assert.equal((await storage.migrations.status()).state, 'current');
  });

  it('up makes the partitions of the coming months, also when it has nothing to apply', async () => {
    const { storage, clock, query } = await open({ fresh: true });
    clock.set(new Date('2031-06-30T00:00:00Z'));
    assert.deepEqual((await storage.migrations.up()).applied, []);
    const made = await query(
      "select to_regclass('auth_service_data.audit_events_2031_08') is not null as made",
    );
    assert.deepEqual(made, [{ made: true }]);
  });

  it('an applied migration that differs from its file is altered, and up refuses', async () => {
    const { storage, query } = await open({ fresh: true });
    await query(`update ${MIGRATIONS} set checksum = 'another' where version = 1`);
    assert.equal((await storage.migrations.status()).state, 'altered');
    await assert.rejects(storage.migrations.up(), (error) => isServiceError(error, 'migration_altered'));
  });

  it('a newer schema that serves this version is ahead, and up leaves it alone', async () => {
    const { storage, query } = await open({ fresh: true });
    const { expected } = await storage.migrations.status();
    await query(`insert into ${MIGRATIONS} values (${expected + 1}, 'newer', 'x', ${expected}, now())`);
    const status = await storage.migrations.status();
    assert.equal(status.state, 'ahead');
    assert.equal(status.database, expected + 1);
    assert.equal(status.expected, expected);
    assert.deepEqual((await storage.migrations.up()).applied, []);
  });

  it('a newer schema that does not serve this version is incompatible, and up refuses', async () => {
    const { storage, query } = await open({ fresh: true });
    const { expected } = await storage.migrations.status();
    await query(`insert into ${MIGRATIONS} values (${expected + 1}, 'newer', 'x', ${expected + 1}, now())`);
    await query(`insert into ${MIGRATIONS} values (${expected + 2}, 'newest', 'x', ${expected}, now())`);
    assert.equal((await storage.migrations.status()).state, 'incompatible');
    await assert.rejects(storage.migrations.up(), (error) => isServiceError(error, 'schema_incompatible'));
  });

  it('status writes nothing, not even in a transaction of its own', async () => {
    const { storage, statements } = await open();
    await storage.migrations.status();
    assert.ok(statements.length > 0);
    assert.ok(statements.every((sql) => /^\s*select/i.test(sql)));
  });

  it('every table is hidden: row level security, and no right for anybody but the owner', async () => {
    const { query } = await open();
    const tables = await query(`
      select relname as name, relrowsecurity as secured, coalesce(relacl::text, '') as rights from pg_class
      where relnamespace = 'auth_service_data'::regnamespace and relkind in ('r', 'p')`);
    assert.ok(tables.length >= 11);
    for (const { name, secured, rights } of tables) {
      assert.equal(secured, true, `${name}`);
      assert.match(`${rights}`, /^(?:\{postgres=[a-zA-Z]+\/postgres\})?$/, `${name}`);
    }
    const policies = await query(
      "select distinct roles::text as roles, cmd from pg_policies where schemaname = 'auth_service_data'",
    );
    assert.deepEqual(policies, [{ roles: '{auth_service_reader}', cmd: 'SELECT' }]);
    const schema = await query(
      "select nspacl::text as rights from pg_namespace where nspname = 'auth_service_data'",
    );
    // Others may look up the functions that are for them; PUBLIC may not even that.
    assert.doesNotMatch(`${schema[0]?.rights}`, /[{,]=|[{,](?!postgres=)\w+=\w*C/);
  });
});
