import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startReplicas } from '../support/replicas.ts';
import { ask, askForToken, logInAdministrator } from './caller.ts';
import { describeReplicas } from './harness.ts';

describeReplicas('replicas that start at once on an empty database', () => {
  it('make the schema, the built-ins, the keys and the first administrator once', async () => {
    await using stage = await startReplicas({ inTurn: false, settings: { MIGRATE_ON_START: 'true' } });
    const names = async (sql: string) => (await stage.query(sql)).map(({ name }) => name);
    assert.deepEqual(await names('select email as name from auth_service_identity.users'), [
      'administrator@example.com',
    ]);
    const bootstrapped = `select id as name from auth_service_data.audit_events where action = 'admin.bootstrapped'`;
    assert.equal((await names(bootstrapped)).length, 1);
    for (const schema of ['auth_service_data', 'auth_service_identity']) {
      const states = await names(`select state as name from ${schema}.signing_keys`);
      assert.equal(states.filter((state) => state === 'active').length, 1, schema);
      assert.equal(states.length, new Set(states).size, schema);
    }
    const administrator = await logInAdministrator(stage.urls[0] ?? '');
    const client = await administrator.makeClient();
    for (const { url, lines } of stage.replicas) {
      assert.equal((await askForToken(url, client.basic)).status, 200);
      assert.equal((await ask(url, 'GET /users/me', { token: administrator.token })).status, 200);
      const complaints = lines.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL');
      assert.deepEqual(complaints, []);
    }
  });
});
