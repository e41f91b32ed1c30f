import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { TokenRequest } from '#oauth';
import {
  basic,
  makeClient,
  requestBy,
  type TestClient,
  type TestOauth,
  tokenRequest,
} from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { addSecret, makeInactiveClient, refusalOf } from './token-builders.ts';

const NOBODY = '01890000-0000-7000-8000-000000000000';
const WRONG = `pas_${'x'.repeat(43)}`;
const rawBasic = (text: string | Buffer) => `Basic ${Buffer.from(text).toString('base64')}`;
const byHeader = (authorization: string, parameters = {}) => tokenRequest(parameters, { authorization });
const byBody = ({ id, secret }: TestClient, more: Record<string, string | string[]> = {}) =>
  tokenRequest({ client_id: id, client_secret: secret, ...more });

describeOauth('client authentication', (suite) => {
  let it: TestOauth;
  let client: TestClient;
  let basicOnly: TestClient;
  let postOnly: TestClient;
  let inactive: TestClient;

  before(async () => {
    it = await suite.build();
    client = await makeClient(it);
    basicOnly = await makeClient(it, [], { tokenEndpointAuthMethod: 'client_secret_basic' });
    postOnly = await makeClient(it, [], { tokenEndpointAuthMethod: 'client_secret_post' });
    inactive = await makeInactiveClient(suite.storage());
  });

  const accepts = async (request: TokenRequest) => {
    const { response } = await it.oauth.issueToken(request);
    assert.equal(response.token_type, 'Bearer');
  };
  /** As if nobody had been seen for long. */
  const forgetClients = () => it.clock.advance(6);
  const refuses = async (request: TokenRequest, code: string) => {
    const error = await refusalOf(it.oauth, request);
    assert.equal(error.code, code);
    return error;
  };

  test('a secret in the Basic header or in the body opens, with the scheme in any case', async () => {
    const credentials = basic(client.id, client.secret).slice('Basic '.length);
    await accepts(byHeader(`Basic ${credentials}`));
    await accepts(byHeader(`bAsIc  ${credentials}`));
    await accepts(byBody(client));
    await accepts(byBody({ ...client, id: client.id.toUpperCase() }));
  });

  test('both halves of the Basic credential are form-urlencoded', async () => {
    const encoded = [...client.secret].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
    await accepts(byHeader(rawBasic(`${client.id}:${encoded}`)));
    await refuses(byHeader(rawBasic(`${client.id}:${client.secret}+`)), 'invalid_client');
  });

  test('two methods in one request are refused, also when both are right', async () => {
    const authorization = basic(client.id, client.secret);
    const assertion = { client_assertion: 'a.b.c' };
    for (const request of [
      tokenRequest({ client_id: client.id, client_secret: client.secret }, { authorization }),
      tokenRequest({ client_secret: client.secret }, { authorization }),
      tokenRequest({ client_secret: WRONG }, { authorization: 'Bearer x' }),
      tokenRequest(assertion, { authorization }),
      byBody(client, assertion),
    ]) {
      await refuses(request, 'invalid_request');
    }
  });

  test('beside a Basic header client_id may name the same client and no other', async () => {
    const authorization = basic(client.id, client.secret);
    await accepts(tokenRequest({ client_id: client.id }, { authorization }));
    await accepts(tokenRequest({ client_id: '' }, { authorization }));
    await refuses(tokenRequest({ client_id: NOBODY }, { authorization }), 'invalid_request');
  });

  test('a header that is no well-formed Basic credential is invalid_client', async () => {
    const pair = Buffer.from(`${client.id}:${client.secret}`).toString('base64');
    for (const authorization of [
      'Basic',
      'Basic ',
      'Basic !!!!',
      `Basic ${pair}*`,
      `Basic ${pair} ${pair}`,
      `Basic ${pair.replace(/=*$/, '')}=====`,
      rawBasic('no colon'),
      rawBasic(':'),
      rawBasic(`${client.id}:`),
      rawBasic(`:${client.secret}`),
      rawBasic(`${client.id}:%`),
      rawBasic(`${client.id}:%zz`),
      rawBasic(`${client.id}:%ff`),
      rawBasic(`${client.id}%00:${client.secret}`),
      rawBasic(`${client.id}:${client.secret}\0`),
      rawBasic(Buffer.from([0xff, 0x3a, 0xff])),
      'Bearer abc',
      'Digest username="x"',
      `BasicX ${pair}`,
    ]) {
      await refuses(byHeader(authorization), 'invalid_client');
    }
  });

  test('missing credentials are invalid_client', async () => {
    await refuses(tokenRequest({}), 'invalid_client');
    await refuses(tokenRequest({ client_id: client.id }), 'invalid_client');
    await refuses(tokenRequest({ client_id: client.id, client_secret: '' }), 'invalid_client');
    await refuses(tokenRequest({ client_secret: client.secret }), 'invalid_client');
    await refuses(tokenRequest({ client_id: client.id, client_assertion: 'a.b.c' }), 'invalid_client');
  });

  test('a client with one method is refused by the other', async () => {
    await accepts(requestBy(basicOnly));
    await refuses(byBody(basicOnly), 'invalid_client');
    await accepts(byBody(postOnly));
    await refuses(requestBy(postOnly), 'invalid_client');
  });

  test('unknown, inactive, wrong and malformed clients get one answer for the same work', async () => {
    const requests = {
      wrongSecret: byBody({ id: client.id, secret: WRONG }),
      unknown: byBody({ id: NOBODY, secret: WRONG }),
      noUuid: byBody({ id: "x' or 1=1 --", secret: WRONG }),
      almostUuid: byBody({ id: `{${NOBODY}}`, secret: WRONG }),
      inactive: byBody(inactive),
      inactiveAndWrong: byBody({ id: inactive.id, secret: WRONG }),
      wrongMethod: requestBy(postOnly),
    };
    const answers = [];
    for (const request of Object.values(requests)) {
      forgetClients();
      suite.statements.length = 0;
      it.hashed.length = 0;
      const { code, message, retryAfterSeconds } = await refuses(request, 'invalid_client');
      answers.push({
        code,
        message,
        retryAfterSeconds,
        statements: [...suite.statements],
        hashes: it.hashed.length,
      });
    }
    const [first, ...others] = answers;
    assert.equal(first?.statements.length, 1);
    assert.equal(first?.hashes, 1);
    for (const other of others) assert.deepEqual(other, first);
  });

  test('a token costs one statement and one hash, the next ones the hash alone', async () => {
    forgetClients();
    for (const statements of [1, 0, 0]) {
      suite.statements.length = 0;
      it.hashed.length = 0;
      await accepts(requestBy(client));
      // The keys are looked at in the background now and then.
      const asked = suite.statements.filter((sql) => !/signing_keys/.test(sql));
      assert.deepEqual([asked.length, it.hashed.length], [statements, 1]);
    }
  });

  test('an absurdly long id or secret is refused without any work', async () => {
    for (const request of [
      byBody({ id: client.id, secret: 'x'.repeat(257) }),
      byBody({ id: 'x'.repeat(257), secret: client.secret }),
    ]) {
      suite.statements.length = 0;
      it.hashed.length = 0;
      await refuses(request, 'invalid_client');
      assert.deepEqual([suite.statements.length, it.hashed.length], [0, 0]);
    }
  });

  test('each of two live secrets opens, an expired one does not', async () => {
    const { id } = client;
    const second = await addSecret(suite.storage(), id, {
      expiresAt: new Date(it.clock.now().getTime() + 60_000),
    });
    const expired = await addSecret(suite.storage(), id, {
      expiresAt: new Date(it.clock.now().getTime() - 60_000),
    });
    forgetClients();
    await accepts(requestBy(client));
    await accepts(requestBy({ id, secret: second }));
    await refuses(requestBy({ id, secret: expired }), 'invalid_client');
  });

  test('a failure is audited with its reason, and never with what was presented', async () => {
    const reasonAfter = async (request: TokenRequest) => {
      await refuses(request, 'invalid_client');
      const [event] = await it.auditEvents({ action: 'client.authentication_failed', limit: 1 });
      assert.equal(event?.outcome, 'failure');
      assert.equal(event?.actorType, 'anonymous');
      assert.equal(event?.clientIp, '203.0.113.7');
      assert.doesNotMatch(JSON.stringify(event), /pas_|misplaced/);
      return [event?.detail.reason, event?.subjectId];
    };
    assert.deepEqual(await reasonAfter(tokenRequest({})), ['no_credentials', null]);
    assert.deepEqual(await reasonAfter(byHeader('Basic !')), ['malformed_credentials', null]);
    assert.deepEqual(await reasonAfter(byHeader('Bearer x')), ['unsupported_method', null]);
    assert.deepEqual(await reasonAfter(byBody({ id: NOBODY, secret: WRONG })), ['unknown_client', NOBODY]);
    assert.deepEqual(await reasonAfter(byBody({ id: 'misplaced', secret: WRONG })), ['unknown_client', null]);
    assert.deepEqual(await reasonAfter(byBody(inactive)), ['inactive_client', inactive.id]);
    assert.deepEqual(await reasonAfter(requestBy(postOnly)), ['wrong_method', postOnly.id]);
    assert.deepEqual(await reasonAfter(byBody({ id: client.id, secret: WRONG })), [
      'wrong_secret',
      client.id,
    ]);
  });
});
