import assert from 'node:assert/strict';
import { it } from 'node:test';
import { askForToken } from '../replicas/caller.ts';
import { newerProgram, newestMigration, THIS_PROGRAM } from '../support/program.ts';
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

describeDeployed('a rolling update that is taken back', () => {
  it('brings the version before, which starts on the newer schema and serves, and fails no request', async (t) => {
    const next = newerProgram('0.2.0', ADDS_A_COLUMN);
    await using rollout = await openRollout(next);
    const { stage, haproxy } = rollout;
    assert.deepEqual(await migrate(t, rollout, next), [0, '']);
    await Promise.all(rollout.next.map((replica) => replica.start()));
    await until(async () => (await haproxy.ready()).length === 2 * REPLICAS);
    await Promise.all(stage.replicas.map((replica) => replica.stop()));
    const sent = await underLoad(rollout, async () => {
      assert.deepEqual(await migrate(t, rollout, THIS_PROGRAM), [0, '']);
      await replaceEach(rollout, rollout.next, stage.replicas);
    });
    t.diagnostic(`${sent} requests, none failed`);
    assert.equal(await newestApplied(rollout), newestMigration() + 1);
    assert.deepEqual(await versions(rollout), Array(REPLICAS).fill(THIS_PROGRAM.version));
  });

  it('brings nothing where the schema shuts the version before out: that one stays unready, says why, changes nothing', async (t) => {
    const next = newerProgram('0.2.0', ADDS_A_COLUMN, 'newer');
    await using rollout = await openRollout(next);
    const { stage, haproxy, client } = rollout;
    const [old] = stage.replicas;
    const [newer] = rollout.next;
    assert.ok(old !== undefined && newer !== undefined);
    assert.deepEqual(await migrate(t, rollout, next), [0, '']);
    // So that nobody else writes.
    await Promise.all(stage.replicas.map((replica) => replica.stop()));
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

/** What a version could have broken: all rows but those of the audit. */
async function everythingIn({ stage }: Rollout): Promise<unknown> {
  const tables = await stage.query(`
    select schemaname || '.' || tablename as name from pg_tables
    where schemaname like 'auth_service_%' and tablename not like 'audit_events%' order by 1`);
  const rows = tables.map(({ name }) => `select '${name}' as name, t::text as row from ${name} t`);
  return await stage.query(`${rows.join(' union all ')} order by name, row`);
}
