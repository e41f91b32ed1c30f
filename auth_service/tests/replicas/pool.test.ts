import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { ask, askForToken, logInAdministrator, requireUnavailable } from './caller.ts';
import { describeReplicas } from './harness.ts';

const SETTINGS = { DB_POOL_MAX: '3', DB_CONNECT_TIMEOUT_SECONDS: '1', DB_STATEMENT_TIMEOUT_SECONDS: '3' };
/** A place in the pool is waited for one second, a statement runs for three; with room for a machine that has much to do. */
const REFUSED_WITHIN_MS = 7_000;
const CROWD = 150;

/** Whoever reads or writes what is locked keeps a connection until that is over. */
async function withLock(stage: Replicas, table: string, work: () => Promise<void>): Promise<void> {
  await stage.query(`begin; lock table auth_service_data.${table} in access exclusive mode`);
  try {
    await work();
  } finally {
    await stage.query('rollback');
  }
}

describeReplicas('while every connection of the pool is held', () => {
  it('known clients get tokens, a crowd of others is told to come again, and it ends with the lock', async () => {
    await using stage = await startReplicas({ count: 1, settings: SETTINGS });
    const [url = ''] = stage.urls;
    const administrator = await logInAdministrator(url);
    const { token } = administrator;
    const known = await administrator.makeClient();
    assert.equal((await askForToken(url, known.basic)).status, 200);

    await withLock(stage, 'audit_events', async () => {
      const crowd = Array.from({ length: CROWD }, (_, n) =>
        ask(url, n % 2 === 0 ? 'GET /admin/audit' : 'GET /users/me', { token }),
      );
      // One that gets a connection while another gives it back is served; nobody fails otherwise, or waits for long.
      const refusals = Promise.all(crowd).then((answers) => {
        const refused = answers.filter(({ status }) => status !== 200);
        assert.ok(refused.length > CROWD / 2, `${refused.length} were refused`);
        for (const answer of refused) requireUnavailable(answer, REFUSED_WITHIN_MS);
      });
      for (let n = 0; n < 20; n += 1) assert.equal((await askForToken(url, known.basic)).status, 200);
      assert.equal((await ask(url, 'GET /health/ready')).status, 200);
      await refusals;
    });

    await until(async () => (await ask(url, 'GET /admin/audit', { token })).status === 200);
    assert.equal((await ask(url, 'GET /users/me', { token })).status, 200);
  });
});
