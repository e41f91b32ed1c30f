import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { TokenRequest } from '#oauth';
import {
  ADMIN,
  basic,
  makeClient,
  readToken,
  requestBy,
  type TestOauth,
  tokenRequest,
} from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

describeOauth('token request', (suite) => {
  let it: TestOauth;
  let client: Awaited<ReturnType<typeof makeClient>>;

  before(async () => {
    it = await suite.build();
    client = await makeClient(it, ['orders:write', 'orders:read', 'stock:read']);
  });

  const refuses = async (request: TokenRequest, code: string, message?: RegExp) => {
    const error = await refusalOf(it.oauth, request);
    assert.equal(error.code, code);
    if (message) assert.match(error.message, message);
    // RFC 6749 §5.2: what error_description may hold.
    assert.match(error.message, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  };
  const claimsFor = async (parameters: Record<string, string | readonly string[]>) => {
    const { response } = await it.oauth.issueToken(requestBy(client, parameters));
    const { roles, permissions, scope } = readToken(response.access_token).claims;
    assert.equal(response.scope, scope);
    return { roles, permissions, scope };
  };

  test('grant_type must be there and be known, and says nothing about the client', async () => {
    const stranger = { authorization: basic(client.id, 'wrong') };
    for (const rest of [stranger, { authorization: basic(client.id, client.secret) }]) {
      await refuses(tokenRequest({ grant_type: '' }, rest), 'invalid_request', /grant_type/);
      await refuses(tokenRequest({ grant_type: 'password' }, rest), 'unsupported_grant_type');
      await refuses(
        tokenRequest({ grant_type: 'refresh_token' }, rest),
        'invalid_request',
        /refresh_token is missing/,
      );
      await refuses(tokenRequest({ grant_type: 'CLIENT_CREDENTIALS' }, rest), 'unsupported_grant_type');
      await refuses(tokenRequest({ grant_type: '__proto__' }, rest), 'unsupported_grant_type');
    }
  });

  test('what a stranger asks for is not looked at before he is authenticated', async () => {
    for (const parameters of [{ scope: 'no such thing' }, { scope: '"' }, { resource: 'nonsense' }]) {
      await refuses(tokenRequest(parameters, { authorization: basic(client.id, 'wrong') }), 'invalid_client');
    }
  });

  test('a repeated parameter is refused by name, an unknown one and an empty one too', async () => {
    for (const name of ['grant_type', 'scope', 'client_id', 'client_secret', 'unheard_of']) {
      await refuses(
        requestBy(client, { [name]: ['a', 'a'] }),
        'invalid_request',
        new RegExp(`parameter ${name} `),
      );
    }
    await refuses(requestBy(client, { scope: ['', ''] }), 'invalid_request');
    await refuses(
      requestBy(client, { '"<script>\u{1f4a5}': ['a', 'a'] }),
      'invalid_request',
      /^A parameter is/,
    );
  });

  test('NUL and other control characters are refused wherever they are', async () => {
    for (const value of ['\0', 'orders:read\0', 'a\nb', '\u007f', '\u0085']) {
      for (const name of ['grant_type', 'client_id', 'client_secret', 'scope', 'resource', 'unheard_of']) {
        await refuses(
          requestBy(client, { [name]: value }),
          'invalid_request',
          new RegExp(`parameter ${name} `),
        );
      }
    }
    await refuses(requestBy(client, { resource: ['https://a.example', '\0'] }), 'invalid_request');
  });

  test('unknown parameters are ignored, empty ones count as omitted', async () => {
    const all = await claimsFor({});
    assert.deepEqual(await claimsFor({ unheard_of: 'x', scope: '', resource: '', client_id: '' }), all);
  });

  test('without scope a token carries everything, roles as held', async () => {
    assert.deepEqual(await claimsFor({}), {
      roles: [client.role],
      permissions: ['orders:read', 'orders:write', 'stock:read'],
      scope: 'orders:read orders:write stock:read',
    });
  });

  test('with scope it carries that subset, sorted, each once, and no role', async () => {
    assert.deepEqual(await claimsFor({ scope: 'stock:read orders:read stock:read' }), {
      roles: [],
      permissions: ['orders:read', 'stock:read'],
      scope: 'orders:read stock:read',
    });
  });

  test('a client that holds nothing gets an empty token, and nothing by asking', async () => {
    const empty = await makeClient(it);
    const { response } = await it.oauth.issueToken(requestBy(empty));
    assert.equal(response.scope, '');
    assert.deepEqual(readToken(response.access_token).claims.permissions, []);
    await refuses(requestBy(empty, { scope: 'orders:read' }), 'invalid_scope');
  });

  test('a scope that is not held is refused, naming only what was asked beyond', async () => {
    await refuses(
      requestBy(client, { scope: 'orders:read users:read nothing:at-all' }),
      'invalid_scope',
      /^[^:]*: users:read, nothing:at-all\.$/,
    );
    const many = Array.from({ length: 1000 }, (_, n) => `x:${'y'.repeat(300)}${n}`).join(' ');
    const error = await refusalOf(it.oauth, requestBy(client, { scope: many }));
    assert.equal(error.code, 'invalid_scope');
    assert.ok(error.message.length < 1000);
  });

  test('a malformed scope is refused without repeating it', async () => {
    for (const scope of [' ', ' orders:read', 'orders:read  stock:read', 'orders:read ', '"', 'a\\b', 'ö']) {
      await refuses(requestBy(client, { scope }), 'invalid_scope', /malformed/);
    }
  });

  test('a permission that is taken away is missing from the next token', async () => {
    const other = await makeClient(it, ['stock:write', 'stock:count']);
    await it.oauth.issueToken(requestBy(other, { scope: 'stock:count' }));
    await it.rbac.revokePermission(ADMIN, other.role, 'stock:count');
    const { response } = await it.oauth.issueToken(requestBy(other));
    assert.equal(response.scope, 'stock:write');
    await refuses(requestBy(other, { scope: 'stock:count' }), 'invalid_scope');
  });
});
