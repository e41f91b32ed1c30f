import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startBalancer } from '../support/balancer.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { describeReplicas } from './harness.ts';

describeReplicas('the harness', () => {
  it('sends requests to whoever is ready, takes a replica out that stops, and back when it is there again', async () => {
    await using stage = await startReplicas({ count: 2 });
    await using balancer = await startBalancer(stage.urls);
    const [first] = stage.replicas;
    assert.equal(balancer.ready().length, 2);
    assert.equal((await fetch(`${balancer.url}/health`)).status, 200);
    assert.deepEqual(await first?.stop(), { code: 0, signal: null });
    await until(() => balancer.ready().length === 1);
    assert.equal((await fetch(`${balancer.url}/health`)).status, 200);
    await first?.start();
    await until(() => balancer.ready().length === 2);
    assert.deepEqual(balancer.failures, []);
  });

  it('counts what a replica that is killed takes with it', async () => {
    await using stage = await startReplicas({ count: 1 });
    await using balancer = await startBalancer(stage.urls);
    await stage.replicas[0]?.stop('SIGKILL');
    assert.equal((await fetch(`${balancer.url}/health`)).status, 502);
    assert.equal(balancer.failures.length, 1);
  });
});
