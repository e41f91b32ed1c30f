import assert from 'node:assert/strict';
import { it } from 'node:test';
import { postgresConfig } from '../support/postgres-databases.ts';
import { newerProgram, newestMigration } from '../support/program.ts';
import { openRawConnection } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';
import { describeDeployed } from './harness.ts';
import {
  ADDS_A_COLUMN,
  migrate,
  newestApplied,
  openRollout,
  REPLICAS,
  type Rollout,
  readiness,
  replaceEach,
  underLoad,
  versions,
} from './rollout.ts';

describeDeployed('a rolling update behind a proxy', () => {
  it('takes three replicas to a version with one more migration, and fails no request', async (t) => {
    const next = newerProgram('0.2.0', ADDS_A_COLUMN);
    await using rollout = await openRollout(next);
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
    await using rollout = await openRollout(next);
    const backup = openRawConnection(postgresConfig(rollout.stage.databaseUrl));
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
    await using rollout = await openRollout(mended);
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
});

async function columns({ stage }: Rollout): Promise<number> {
  const sql = `select from information_schema.columns where table_name = 'profiles' and column_name = 'shoe_size'`;
  return (await stage.query(sql)).length;
}
