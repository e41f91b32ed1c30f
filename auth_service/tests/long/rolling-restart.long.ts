import { it } from 'node:test';
import { describeReplicas } from '../replicas/harness.ts';
import { restartUnderLoad } from '../replicas/rolling-restart.ts';

describeReplicas('three replicas behind a balancer', () => {
  it('are restarted for a minute at 200 requests a second, and none fails', async () => {
    const { sent, restarts } = await restartUnderLoad({ perSecond: 200, seconds: 60 });
    process.stdout.write(`${sent} requests, ${restarts} restarts\n`);
  });
});
