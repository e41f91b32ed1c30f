import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { isServiceError } from '#errors';
import { RateLimitedError } from '#kv';
import type { TokenRequest } from '#oauth';
import {
  ADMIN,
  basic,
  makeClient,
  requestBy,
  type TestClient,
  type TestOauth,
  tokenRequest,
} from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

const LIMITS = {
  ipFailures: { limit: 3, windowSeconds: 60 },
  perClient: { limit: 5, windowSeconds: 60 },
};

describeOauth('token endpoint limits', (suite) => {
  let it: TestOauth;
  let client: TestClient;

  beforeEach(async () => {
    it = await suite.build({ limits: LIMITS });
    client = await makeClient(it);
  });

  const wrong = (clientIp = '203.0.113.7'): TokenRequest =>
    tokenRequest({}, { authorization: basic(client.id, 'wrong'), clientIp });
  const codeOf = async (request: TokenRequest) => (await refusalOf(it.oauth, request)).code;
  const repeat = async (times: number, request: TokenRequest) => {
    const codes = [];
    for (let n = 0; n < times; n += 1) codes.push(await codeOf(request));
    return codes;
  };

  test('an address that failed too often is refused before any work', async () => {
    assert.deepEqual(await repeat(3, wrong()), ['invalid_client', 'invalid_client', 'invalid_client']);
    suite.statements.length = 0;
    it.hashed.length = 0;
    const error = await refusalOf(it.oauth, wrong());
    assert.ok(error instanceof RateLimitedError);
    assert.equal(error.code, 'rate_limited');
    assert.deepEqual(error.limit.policy, { name: 'token-failures', ...LIMITS.ipFailures });
    assert.deepEqual([error.limit.allowed, error.limit.remaining], [false, 0]);
    assert.equal(error.retryAfterSeconds, error.limit.resetSeconds);
    assert.ok(error.limit.resetSeconds >= 1 && error.limit.resetSeconds <= 60);
    assert.deepEqual([suite.statements.length, it.hashed.length], [0, 0]);
  });

  test('a blocked address is refused with right credentials and with nonsense too', async () => {
    await repeat(3, wrong());
    assert.equal(await codeOf(requestBy(client)), 'rate_limited');
    assert.equal(await codeOf(tokenRequest({}, { authorization: 'Basic !' })), 'rate_limited');
    await it.oauth.issueToken({ ...requestBy(client), clientIp: '203.0.113.8' });
  });

  test('one /64 of IPv6 is one address', async () => {
    await codeOf(wrong('2001:db8:0:1::1'));
    await codeOf(wrong('2001:db8:0:1::2'));
    await codeOf(wrong('2001:db8:0:1:ffff::3'));
    assert.equal(await codeOf(wrong('2001:db8:0:1::4')), 'rate_limited');
    assert.equal(await codeOf(wrong('2001:db8:0:2::1')), 'invalid_client');
  });

  test('of a burst of guesses no more are answered than the limit allows', async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(wrong())));
    assert.equal(codes.filter((code) => code === 'invalid_client').length, 3);
    assert.equal(codes.filter((code) => code === 'rate_limited').length, 17);
  });

  test('success and faults other than the credentials cost the address nothing', async () => {
    for (let n = 0; n < 5; n += 1) await it.oauth.issueToken(requestBy(client));
    await repeat(5, tokenRequest({ grant_type: 'nonsense' }));
    await repeat(5, tokenRequest({ client_secret: 'x' }, { authorization: basic(client.id, 'x') }));
    assert.equal(await codeOf(wrong()), 'invalid_client');
  });

  test('an answer says what is left of the client, and the client is refused beyond it', async () => {
    const left = [];
    for (let n = 0; n < 5; n += 1) {
      const { limit } = await it.oauth.issueToken(requestBy(client));
      assert.deepEqual(limit?.policy, { name: 'token', ...LIMITS.perClient });
      left.push(limit.remaining);
    }
    assert.deepEqual(left, [4, 3, 2, 1, 0]);
    const error = await refusalOf(it.oauth, requestBy(client));
    assert.ok(error instanceof RateLimitedError);
    assert.equal(error.limit.policy.name, 'token');
    await it.oauth.issueToken(requestBy(await makeClient(it)));
  });

  test('what an authenticated client asks in vain counts as well', async () => {
    const codes = await repeat(6, requestBy(client, { scope: 'nothing:held' }));
    assert.deepEqual(codes, [...Array(5).fill('invalid_scope'), 'rate_limited']);
  });

  test('a stranger learns nothing of the bucket of a client, and takes nothing from it', async () => {
    for (let n = 0; n < 5; n += 1) await it.oauth.issueToken(requestBy(client));
    assert.equal(await codeOf(wrong()), 'invalid_client');
  });

  test('an exceeded limit is audited once per key and window', async () => {
    await repeat(6, wrong('198.51.100.1'));
    await repeat(6, wrong('198.51.100.2'));
    for (let n = 0; n < 5; n += 1) await it.oauth.issueToken(requestBy(client));
    await repeat(3, requestBy(client));
    const events = (await it.auditEvents({ action: 'rate_limit.exceeded' })).filter(
      ({ clientIp, actorId }) => clientIp?.startsWith('198.51.100.') || actorId === client.id,
    );
    const keys = events.map(({ detail }) => [detail.policy, detail.key]);
    assert.deepEqual(
      keys.sort(),
      [
        ['token', client.id],
        ['token-failures', '198.51.100.1'],
        ['token-failures', '198.51.100.2'],
      ].sort(),
    );
    assert.ok(events.every(({ outcome }) => outcome === 'failure'));
  });

  test('a client may have a limit of its own, tighter or wider, or none', async () => {
    const refusedOf = async (rateLimit: string | null, tries: number) => {
      const request = requestBy(await makeClient(it, [], { rateLimit }));
      const answers = await Promise.allSettled(
        Array.from({ length: tries }, () => it.oauth.issueToken(request)),
      );
      return answers.filter(({ status }) => status === 'rejected').length;
    };
    const issued = async (request: TokenRequest) => (await it.oauth.issueToken(request)).limit;
    const tight = await makeClient(it, [], { rateLimit: '2/hour' });
    const first = await issued(requestBy(tight));
    assert.deepEqual(first?.policy, { name: 'token', limit: 2, windowSeconds: 3600 });
    assert.deepEqual([first.limit, first.remaining], [2, 1]);
    await issued(requestBy(tight));
    const error = await refusalOf(it.oauth, requestBy(tight));
    assert.ok(error instanceof RateLimitedError);
    assert.equal(error.limit.policy.windowSeconds, 3600);
    assert.equal(await refusedOf('7/minute', 7), 0);
    assert.equal(await refusedOf('7/minute', 8), 1);
    assert.equal(await refusedOf('off', 12), 0);
    assert.equal(await refusedOf(null, 6), 1);
    await it.oauth.clients.update(ADMIN, tight.id, { rateLimit: '4/hour' });
    assert.equal((await issued(requestBy(tight)))?.remaining, 0, 'what was counted stays counted');
    await it.oauth.clients.update(ADMIN, tight.id, { rateLimit: 'off' });
    assert.equal(await issued(requestBy(tight)), null);
    for (const rateLimit of [
      '',
      '0/minute',
      '5/fortnight',
      '5',
      'OFF',
      '5 / minute',
      '5/minutes',
      '99999999/day',
    ]) {
      await assert.rejects(makeClient(it, [], { rateLimit }), (fault) =>
        isServiceError(fault, 'validation_failed'),
      );
    }
  });

  test('a limit of its own holds where all others have none', async () => {
    it = await suite.build();
    const { id, secret } = await makeClient(it, [], { rateLimit: '1/minute' });
    await it.oauth.issueToken(requestBy({ id, secret }));
    assert.equal(await codeOf(requestBy({ id, secret })), 'rate_limited');
  });

  test('without limits nothing is counted', async () => {
    it = await suite.build();
    assert.deepEqual(new Set(await repeat(10, wrong())), new Set(['invalid_client']));
    assert.equal((await it.oauth.issueToken(requestBy(client))).limit, null);
  });
});
