import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBalancer } from '../support/balancer.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { askForToken, logInAdministrator } from './caller.ts';
import { startLoad } from './load.ts';

/** Longer than the balancer takes to notice. */
export const SHUTDOWN_DELAY_SECONDS = '1';

/**
 * Three replicas behind a balancer are restarted one after the other while requests come, as often as the time allows
 * and at least once each. Not one may fail, and connections that are reset count.
 */
export async function restartUnderLoad({ perSecond, seconds }: { perSecond: number; seconds: number }) {
  await using stage = await startReplicas({ settings: { SHUTDOWN_DELAY_SECONDS } });
  await using balancer = await startBalancer(stage.urls);
  const administrator = await logInAdministrator(stage.urls[0] ?? '');
  const client = await administrator.makeClient('admin');
  for (const url of stage.urls) assert.equal((await askForToken(url, client.basic)).status, 200);
  const endsAt = performance.now() + seconds * 1000;
  const load = startLoad(balancer.url, perSecond, administrator, client);
  let restarts = 0;
  try {
    while (restarts < stage.replicas.length || performance.now() < endsAt) {
      const replica = stage.replicas[restarts % stage.replicas.length];
      assert.deepEqual(await replica?.stop(), { code: 0, signal: null });
      await replica?.start();
      await until(() => balancer.ready().length === stage.replicas.length);
      await sleep(200);
      restarts += 1;
    }
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
  assert.deepEqual(balancer.failures, []);
  return { sent: load.sent(), restarts };
}
