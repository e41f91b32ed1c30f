import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMINISTRATOR, startReplicas } from '../support/replicas.ts';
import { type Answer, ask, askForToken, logInAdministrator } from './caller.ts';
import { describeReplicas } from './harness.ts';
import { restartUnderLoad, SHUTDOWN_DELAY_SECONDS } from './rolling-restart.ts';

const WORKERS = 30;

describeReplicas('stopping under load', () => {
  it('answers everything that was sent, says where to go, keeps every audit event and ends with 0', async () => {
    await using stage = await startReplicas({ count: 1, settings: { SHUTDOWN_DELAY_SECONDS } });
    const [replica] = stage.replicas;
    assert.ok(replica !== undefined);
    const administrator = await logInAdministrator(replica.url);
    const client = await administrator.makeClient();
    const agent = new Agent({ keepAlive: true });
    const answers: Answer[] = [];
    const tokens: Answer[] = [];
    const send = (worker: number) =>
      worker % 10 === 0
        ? ask(replica.url, 'POST /users/login', { body: ADMINISTRATOR, agent })
        : askForToken(replica.url, client.basic, agent);
    const workers = Array.from({ length: WORKERS }, async (_, worker) => {
      for (;;) {
        const answer = await send(worker);
        answers.push(answer);
        if (worker % 10 !== 0) tokens.push(answer);
        // Whoever is told so asks elsewhere.
        if (answer.headers.connection === 'close') return;
      }
    });
    await sleep(300);
    const exit = replica.stop();
    await Promise.all(workers);
    assert.equal((await ask(replica.url, 'GET /health/ready')).status, 503, 'not ready, and still there');
    assert.deepEqual(await exit, { code: 0, signal: null });
    agent.destroy();
    for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body));
    const sql = `select count(*)::int as count from auth_service_data.audit_events where action = 'token.issued'`;
    const [row] = await stage.query(sql);
    assert.equal(row?.count, tokens.length);
  });

  it('one after the other behind a balancer fails no request', async () => {
    const { sent, restarts } = await restartUnderLoad({ perSecond: 100, seconds: 5 });
    assert.ok(restarts >= 3 && sent > 300, `${sent} requests, ${restarts} restarts`);
  });

  it('ends although clients keep connections, and say nothing, half a request or half a body', async () => {
    await using stage = await startReplicas({ count: 1, redis: false });
    const [replica] = stage.replicas;
    assert.ok(replica !== undefined);
    const agent = new Agent({ keepAlive: true });
    assert.equal((await ask(replica.url, 'GET /health', { agent })).status, 200);
    const head = 'POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const sockets: Socket[] = [];
    for (const bytes of ['', head, `${head}Content-Length: 100\r\n\r\n{`]) {
      const socket = connect(Number(new URL(replica.url).port), '127.0.0.1', () => socket.write(bytes));
      sockets.push(socket.on('error', () => {}));
      await once(socket, 'connect');
    }
    await sleep(200);
    assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    for (const socket of sockets) socket.destroy();
    agent.destroy();
  });
});
