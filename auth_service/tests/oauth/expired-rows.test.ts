import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createExpirySweep } from '../../src/oauth/expired-rows.ts';
import { createTestClock } from '../support/clock.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';
import { makeClient, requestBy, type TestClient, type TestOauth } from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';

type Dependencies = Parameters<typeof createExpirySweep>[0];

describeOauth('what has expired', (suite) => {
  let it: TestOauth;
  let client: TestClient;

  before(async () => {
    it = await suite.build();
    client = await makeClient(it, [], { refreshTokens: true });
  });

  const deletes = () => suite.statements.filter((sql) => sql.includes('ctid')).length;
  const left = async () => {
    const [row] = await suite.query(`select
      (select count(*) from auth_service_data.app_client_refresh_tokens)::int as families,
      (select count(*) from auth_service_data.app_client_assertions)::int as assertions`);
    return row;
  };

  test('goes in the background of what makes more of it, once a minute', async () => {
    const expiresAt = new Date(it.clock.now().getTime() + 60_000);
    const jtiHash = 'j'.repeat(43);
    await suite.storage().clientAssertions.remember({ clientId: client.id, jtiHash, expiresAt });
    await it.oauth.issueToken(requestBy(client));
    await until(() => deletes() === 2);
    assert.deepEqual(await left(), { families: 1, assertions: 1 });
    it.clock.advance(604_800 + 60);
    await it.oauth.issueToken(requestBy(client));
    await until(() => deletes() === 4);
    assert.deepEqual(await left(), { families: 2, assertions: 0 });
    it.clock.advance(60);
    await it.oauth.issueToken(requestBy(client));
    // Both of its statements, the second of which would count below otherwise.
    await until(() => deletes() === 6);
    await until(async () => (await left())?.families === 2);
    suite.statements.length = 0;
    for (let n = 0; n < 5; n += 1) await it.oauth.issueToken(requestBy(client));
    await it.auditEvents({});
    assert.equal(deletes(), 0);
  });
});

test('the sweep ends after so many statements, and its failure is nobody’s but the log’s', async () => {
  const clock = createTestClock();
  const logger = createRecordingLogger();
  const asked: string[] = [];
  const always = (name: string, count: number | Error) => ({
    async deleteExpired(_before: Date, limit: number) {
      asked.push(name);
      assert.ok(limit <= 500);
      if (count instanceof Error) throw count;
      return count;
    },
  });
  const storage = {
    clientRefreshTokens: always('tokens', 500),
    clientAssertions: always('assertions', new Error('gone')),
  };
  const sweep = createExpirySweep({ storage, now: clock.now, logger } as unknown as Dependencies);
  sweep();
  await until(() => logger.lines.length > 0);
  assert.deepEqual([asked.length, asked.at(-1)], [21, 'assertions']);
  clock.advance(59);
  sweep();
  assert.equal(asked.length, 21);
});
