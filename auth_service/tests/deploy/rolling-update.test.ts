import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ask, askForToken } from '../replicas/caller.ts';
import { postgresConfig } from '../support/postgres-databases.ts';
import { newerProgram, newestMigration, THIS_PROGRAM } from '../support/program.ts';
import { openRawConnection } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';
import { describeDeployed } from './harness.ts';
import { openRollout, REPLICAS, type Rollout, replaceEach, runCommand, underLoad } from './rollout.ts';

const ADDS_A_COLUMN = 'alter table auth_service_data.profiles add column shoe_size integer;';

describeDeployed('a rolling update behind a proxy', () => {
  it('takes three replicas to a version with one more migration, and fails no request', async (t) => {
    const next = newerProgram('0.2.0', ADDS_A_COLUMN);
    await using rollout = await openRollout({ next });
    const sent = await underLoad(rollout, async () => {
      assert.deepEqual(await migrate(t, rollout, next), [0, '']);
      await replaceEach(rollout, rollout.stage.replicas, rollout.next);
    });
    const { made, reused } = await rollout.haproxy.connections();
    t.diagnostic(`${sent} requests, none failed; ${reused} over kept connections, ${made} made`);
    assert.ok(reused > made);
    assert.deepEqual(await versions(rollout), Array(REPLICAS).fill(next.version));
  });

  it('is not noticed where a backup reads every table while the migration asks for one', async (t) => {
    const next = newerProgram('0.2.0', ADDS_A_COLUMN);
    await using rollout = await openRollout({ next });
    const backup = openRawConnection(databaseOf(rollout));
    await backup.query('begin; select from auth_service_data.profiles');
    const sent = await underLoad(rollout, async (load) => {
      const migrating = migrate(t, rollout, next);
      const before = load.sent();
      // Longer than a request may wait for the database.
      await until(() => load.sent() > before + 12 * 60);
      assert.equal(await columns(rollout), 0);
      await backup.query('commit');
      const [code, told] = await migrating;
      assert.equal(code, 0);
      assert.match(told, /Migration \d{4}_next waits for a lock/);
    });
    t.diagnostic(`${sent} requests, none failed`);
    assert.equal(await columns(rollout), 1);
    await backup.close();
  });

  it('is stopped by a migration that fails, which leaves nothing, and the next version is not in its way', async (t) => {
    const broken = newerProgram('0.2.0', `${ADDS_A_COLUMN}\nselect 1 / 0;`);
    const mended = newerProgram('0.2.1', ADDS_A_COLUMN);
    await using rollout = await openRollout({ next: mended });
    const sent = await underLoad(rollout, async () => {
      const [code, told] = await migrate(t, rollout, broken);
      assert.equal(code, 1);
      const said = `error: Migration ${broken.migration}_next failed; nothing of it was applied.\n  division by zero\n`;
      assert.ok(told.startsWith(said), told);
      assert.equal(await columns(rollout), 0);
      assert.equal(await newestApplied(rollout), newestMigration());
      // A replica of it that is started all the same waits, and gets no request.
      const early = await rollout.stage.add(broken.main);
      await early.start({ untilReady: false });
      await until(async () => (await readiness(early.url)).includes('schema_behind'));
      assert.deepEqual(await early.stop(), { code: 0, signal: null });

      assert.deepEqual(await migrate(t, rollout, mended), [0, '']);
      await replaceEach(rollout, rollout.stage.replicas, rollout.next);
    });
    t.diagnostic(`${sent} requests, none failed`);
    assert.equal(await newestApplied(rollout), newestMigration() + 1);
    assert.deepEqual(await versions(rollout), Array(REPLICAS).fill(mended.version));
  });

  it('is taken back under load: the version before starts on the newer schema, and its migrate up agrees', async (t) => {
    const next = newerProgram('0.2.0', ADDS_A_COLUMN);
    await using rollout = await openRollout({ next });
    const { stage } = rollout;
    assert.deepEqual(await migrate(t, rollout, next), [0, '']);
    const sent = await underLoad(rollout, async () => {
      await replaceEach(rollout, stage.replicas, rollout.next);
      assert.deepEqual(await migrate(t, rollout, THIS_PROGRAM), [0, '']);
      await replaceEach(rollout, rollout.next, stage.replicas);
    });
    t.diagnostic(`${sent} requests, none failed`);
    assert.equal(await newestApplied(rollout), newestMigration() + 1);
    assert.deepEqual(await versions(rollout), Array(REPLICAS).fill(THIS_PROGRAM.version));
  });

  it('that shuts the version before out is not taken back: that one stays unready, says why, and changes nothing', async (t) => {
    const next = newerProgram('0.2.0', ADDS_A_COLUMN, 'newer');
    await using rollout = await openRollout({ next });
    const { stage, haproxy, client } = rollout;
    const [old] = stage.replicas;
    const [newer] = rollout.next;
    assert.ok(old !== undefined && newer !== undefined);
    assert.deepEqual(await migrate(t, rollout, next), [0, '']);
    await replaceEach(rollout, stage.replicas, rollout.next);
    // So that nobody else writes.
    await Promise.all(rollout.next.map((replica) => replica.stop()));
    const before = await everythingIn(rollout);

    const [code, told] = await migrate(t, rollout, THIS_PROGRAM);
    assert.equal(code, 1);
    assert.match(
      told,
      /^error: The database schema belongs to a newer version .*\nRun the version that made/,
    );
    await old.start({ untilReady: false });
    await until(async () => (await readiness(old.url)).includes('schema_incompatible'));
    assert.equal((await askForToken(old.url, client.basic)).status, 503);
    assert.deepEqual(await haproxy.ready(), []);
    assert.deepEqual(await old.stop(), { code: 0, signal: null });
    assert.ok(
      old.lines.some(({ message }) =>
        message.startsWith('Not ready: The database schema belongs to a newer'),
      ),
    );
    assert.deepEqual(await everythingIn(rollout), before);

    await newer.start();
    await until(async () => (await haproxy.ready()).length === 1);
    assert.equal((await askForToken(haproxy.url, client.basic)).status, 200);
  });
});

type Command = Parameters<typeof runCommand>;

/** As the init container of a replica does. @returns its exit code, and what it says of itself. */
async function migrate(
  t: Command[0],
  { next: [first] }: Rollout,
  program: Command[1],
): Promise<[code: number | null, told: string]> {
  assert.ok(first !== undefined);
  const { code, stderr } = await runCommand(t, program, ['migrate', 'up'], first);
  return [code, stderr];
}

async function readiness(url: string): Promise<[status: number, code: string]> {
  const { status, body } = await ask(url, 'GET /health/ready');
  return [status, body.code];
}

/** Of those that get requests. */
async function versions({ haproxy }: Rollout): Promise<string[]> {
  const ready = await haproxy.ready();
  return await Promise.all(ready.map(async (url) => (await ask(url, 'GET /health')).body.version));
}

const databaseOf = ({ stage }: Rollout) => postgresConfig(stage.databaseUrl);

async function columns({ stage }: Rollout): Promise<number> {
  const sql = `select from information_schema.columns where table_name = 'profiles' and column_name = 'shoe_size'`;
  return (await stage.query(sql)).length;
}

async function newestApplied({ stage }: Rollout): Promise<unknown> {
  const [row] = await stage.query('select max(version) as version from auth_service_data.schema_migrations');
  return row?.version;
}

/** What a version could have broken, as text: the rows of all tables but the audit, which the other replicas go on writing. */
async function everythingIn({ stage }: Rollout): Promise<unknown> {
  const tables = await stage.query(`
    select schemaname || '.' || tablename as name from pg_tables
    where schemaname like 'auth_service_%' and tablename not like 'audit_events%' order by 1`);
  const rows = tables.map(({ name }) => `select '${name}' as name, t::text as row from ${name} t`);
  return await stage.query(`${rows.join(' union all ')} order by name, row`);
}
