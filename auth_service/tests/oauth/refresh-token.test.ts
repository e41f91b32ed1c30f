import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { TokenResponse } from '#oauth';
import {
  ADMIN,
  makeClient,
  PUBLIC_URL,
  readToken,
  requestBy,
  type TestClient,
  type TestOauth,
  tokenRequest,
} from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';
import { refusalOf } from './token-builders.ts';

const ORDERS = 'https://orders.example.com';
const STOCK = 'https://stock.example.com';
const WEEK_SECONDS = 604_800;

type Asked = Record<string, string | readonly string[]>;

describeOauth('refresh tokens of clients', (suite) => {
  let it: TestOauth;

  before(async () => {
    it = await suite.build();
  });

  const makeRefreshing = (permissions: readonly string[] = [], resources: readonly string[] = []) =>
    makeClient(it, permissions, { refreshTokens: true, allowedResources: resources });
  const begin = async (client: TestClient, asked: Asked = {}): Promise<string> => {
    const { response } = await it.oauth.issueToken(requestBy(client, asked));
    assert.ok(response.refresh_token);
    return response.refresh_token;
  };
  const requestWith = (client: TestClient, token: string, asked: Asked = {}) =>
    requestBy(client, { grant_type: 'refresh_token', refresh_token: token, ...asked });
  const refresh = async (client: TestClient, token: string, asked: Asked = {}) => {
    const { response } = await it.oauth.issueToken(requestWith(client, token, asked));
    return { response, claims: readToken(response.access_token).claims, next: nextOf(response) };
  };
  const refuses = async (client: TestClient, token: string, code: string, asked: Asked = {}) => {
    const error = await refusalOf(it.oauth, requestWith(client, token, asked));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    return error;
  };
  const nextOf = ({ refresh_token }: TokenResponse): string => refresh_token ?? assert.fail('no next token');
  const familyOf = (token: string): string =>
    token.slice(4, 36).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const isAlive = async (client: TestClient, token: string) =>
    (await suite.storage().clientRefreshTokens.find(familyOf(token), client.id)) !== null;

  test('only a client that has them switched on gets one, and it stands nowhere but in the answer', async () => {
    const without = await makeClient(it);
    const { response } = await it.oauth.issueToken(requestBy(without));
    assert.equal('refresh_token' in response, false);
    const client = await makeRefreshing();
    const token = await begin(client);
    assert.match(token, /^par_[0-9a-f]{32}_[\w-]{43}$/);
    const family = await suite.storage().clientRefreshTokens.find(familyOf(token), client.id);
    assert.doesNotMatch(JSON.stringify([family, await it.auditEvents({}), it.logged]), /par_/);
    assert.notEqual((await begin(client)).slice(0, 36), token.slice(0, 36));
  });

  test('it is exchanged for a token and the next one, again and again', async () => {
    const client = await makeRefreshing(['orders:read', 'orders:write']);
    const first = await begin(client);
    const second = await refresh(client, first);
    assert.deepEqual(second.claims.permissions, ['orders:read', 'orders:write']);
    assert.deepEqual(second.claims.roles, [client.role]);
    assert.equal(second.response.token_type, 'Bearer');
    assert.equal(second.next.slice(0, 36), first.slice(0, 36));
    const third = await refresh(client, second.next);
    assert.equal(new Set([first, second.next, third.next]).size, 3);
    const events = await it.auditEvents({ action: 'token.issued', actorId: client.id });
    assert.deepEqual(events.map(({ detail }) => detail.grant_type).sort(), [
      'client_credentials',
      'refresh_token',
      'refresh_token',
    ]);
    assert.ok(events.some(({ subjectId }) => subjectId === third.claims.jti));
  });

  test('a token that was used before ends its family, for good and audited once', async () => {
    const client = await makeRefreshing();
    const [first, other] = [await begin(client), await begin(client)];
    const second = (await refresh(client, first)).next;
    const error = await refuses(client, first, 'invalid_grant');
    assert.match(error.message, /used before/);
    assert.equal(await isAlive(client, first), false);
    await refuses(client, second, 'invalid_grant');
    await refuses(client, first, 'invalid_grant');
    await refresh(client, other);
    const [event, ...more] = await it.auditEvents({
      action: 'token.refresh_token_reused',
      actorId: client.id,
    });
    assert.deepEqual(more, []);
    assert.deepEqual(
      [event?.outcome, event?.subjectId, event?.clientIp],
      ['failure', client.id, '203.0.113.7'],
    );
    assert.deepEqual(event?.detail, { family_id: familyOf(first) });
  });

  test('of many that use one token at once one succeeds, and then the family is gone', async () => {
    const client = await makeRefreshing(['orders:read']);
    const token = await begin(client);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, () => it.oauth.issueToken(requestWith(client, token))),
    );
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(won.length, 1);
    assert.ok(lost.every(({ reason }) => reason.code === 'invalid_grant'));
    assert.equal(await isAlive(client, token), false);
    for (const { value } of won) await refuses(client, nextOf(value.response), 'invalid_grant');
    const events = await it.auditEvents({ action: 'token.refresh_token_reused', actorId: client.id });
    assert.equal(events.length, 1);
  });

  test('the token of another client is refused and harms nobody', async () => {
    const [owner, thief] = [await makeRefreshing(), await makeRefreshing()];
    const first = await begin(owner);
    const second = (await refresh(owner, first)).next;
    for (const token of [first, second]) await refuses(thief, token, 'invalid_grant');
    await refresh(owner, second);
    assert.deepEqual(await it.auditEvents({ action: 'token.refresh_token_reused', actorId: owner.id }), []);
  });

  test('what is no token of ours is invalid_grant, and missing is said before who asks', async () => {
    const client = await makeRefreshing();
    const token = await begin(client);
    for (const wrong of [
      'x',
      `${token}x`,
      ` ${token}`,
      token.slice(0, -1),
      token.toUpperCase(),
      token.replace('par_', 'pas_'),
      `par_${'0'.repeat(32)}_${'x'.repeat(43)}`,
      familyOf(token),
      'eyJhbGciOiJub25lIn0.e30.',
      'x'.repeat(100_000),
    ]) {
      await refuses(client, wrong, 'invalid_grant');
    }
    await refresh(client, token);
    const asked = { grant_type: 'refresh_token', refresh_token: '' };
    const { code, message } = await refusalOf(it.oauth, tokenRequest(asked));
    assert.deepEqual([code, message], ['invalid_request', 'refresh_token is missing.']);
  });

  test('a client without them, inactive or unproved gets nowhere with one', async () => {
    const client = await makeRefreshing();
    const token = await begin(client);
    await refuses({ ...client, secret: 'wrong' }, token, 'invalid_client');
    await refuses(await makeClient(it), token, 'unauthorized_client');
    const inactive = await makeClient(it, [], { refreshTokens: true, isActive: false });
    await refuses(inactive, token, 'invalid_client');
    await refresh(client, token);
  });

  test('what was begun ends when they or the client are switched off, and does not come back', async () => {
    const { clients } = it.oauth;
    for (const off of [{ refreshTokens: false }, { isActive: false }]) {
      const [client, other] = [await makeRefreshing(['orders:read']), await makeRefreshing()];
      const [token, anothers] = [await begin(client), await begin(other)];
      await clients.update(ADMIN, client.id, { description: 'The same', allowedResources: [ORDERS] });
      assert.ok(await isAlive(client, token));
      await clients.update(ADMIN, client.id, off);
      await clients.update(ADMIN, client.id, { refreshTokens: true, isActive: true });
      await refuses(client, token, 'invalid_grant');
      assert.ok(await isAlive(other, anothers));
      await refresh(client, await begin(client));
    }
  });

  test('scope narrows one token within what was granted, and the family stays as it was', async () => {
    const client = await makeRefreshing(['a:read', 'b:read', 'c:read']);
    let token = await begin(client, { scope: 'a:read b:read' });
    const narrow = await refresh(client, token, { scope: 'b:read' });
    assert.deepEqual([narrow.claims.permissions, narrow.claims.roles], [['b:read'], []]);
    const whole = await refresh(client, narrow.next);
    assert.deepEqual([whole.claims.permissions, whole.claims.roles], [['a:read', 'b:read'], []]);
    token = whole.next;
    const error = await refuses(client, token, 'invalid_scope', { scope: 'a:read c:read' });
    assert.match(error.message, /: c:read\.$/);
    await refuses(client, token, 'invalid_scope', { scope: 'a:read  b:read' });
    assert.equal((await refresh(client, token)).claims.scope, 'a:read b:read');
  });

  test('what the client lost is gone, what it gained comes only where everything was granted', async () => {
    const client = await makeRefreshing(['d:read', 'e:read']);
    let all = await begin(client);
    let some = await begin(client, { scope: 'd:read e:read' });
    await it.rbac.revokePermission(ADMIN, client.role, 'd:read');
    await it.rbac.permissions.create(ADMIN, { name: 'f:read' });
    await it.rbac.grantPermission(ADMIN, client.role, 'f:read');
    const everything = await refresh(client, all);
    assert.deepEqual(everything.claims.permissions, ['e:read', 'f:read']);
    const rest = await refresh(client, some);
    assert.deepEqual(rest.claims.permissions, ['e:read']);
    [all, some] = [everything.next, rest.next];
    await refuses(client, some, 'invalid_scope', { scope: 'd:read' });
    await refuses(client, some, 'invalid_scope', { scope: 'f:read' });
    assert.deepEqual((await refresh(client, all, { scope: 'f:read' })).claims.permissions, ['f:read']);
    await it.rbac.grantPermission(ADMIN, client.role, 'd:read');
    assert.deepEqual((await refresh(client, some)).claims.permissions, ['d:read', 'e:read']);
  });

  test('one for what the client holds nothing of any more is refused, and good again when that is given back', async () => {
    const client = await makeRefreshing(['g:read']);
    const token = await begin(client, { scope: 'g:read' });
    await it.rbac.revokePermission(ADMIN, client.role, 'g:read');
    await refuses(client, token, 'invalid_scope');
    await it.rbac.grantPermission(ADMIN, client.role, 'g:read');
    assert.deepEqual((await refresh(client, token)).claims.permissions, ['g:read']);
  });

  test('resource narrows within the original ones, which are those of every next token', async () => {
    const client = await makeRefreshing([], [ORDERS, STOCK]);
    const both = await begin(client, { resource: [ORDERS, STOCK] });
    const one = await refresh(client, both, { resource: `${STOCK}/` });
    assert.equal(one.claims.aud, STOCK);
    const again = await refresh(client, one.next);
    assert.deepEqual(again.claims.aud, [ORDERS, STOCK]);
    await refuses(client, again.next, 'invalid_target', { resource: PUBLIC_URL });
    const ordersOnly = await begin(client, { resource: ORDERS });
    await refuses(client, ordersOnly, 'invalid_target', { resource: STOCK });
    const plain = await begin(client);
    await refuses(client, plain, 'invalid_target', { resource: ORDERS });
    assert.equal((await refresh(client, plain)).claims.aud, 'paservices_microservices');
    const own = await begin(client, { resource: PUBLIC_URL });
    await refuses(client, own, 'invalid_target', { resource: [PUBLIC_URL, ORDERS] });
    assert.equal((await refresh(client, own)).claims.aud, PUBLIC_URL);
  });

  test('a resource that was taken away opens nothing else in its place', async () => {
    const client = await makeRefreshing([], [ORDERS]);
    const token = await begin(client, { resource: ORDERS });
    const without = await suite.build({ settings: { publicUrl: null } });
    const own = await begin(client, { resource: PUBLIC_URL });
    const error = await refusalOf(without.oauth, requestWith(client, own));
    assert.equal(error.code, 'invalid_target');
    await refresh(client, token);
  });

  test('it lives from each rotation, not from the beginning', async () => {
    const client = await makeRefreshing();
    const [used, idle] = [await begin(client), await begin(client)];
    it.clock.advance(WEEK_SECONDS - 1);
    const { next } = await refresh(client, used);
    it.clock.advance(1);
    await refuses(client, idle, 'invalid_grant');
    it.clock.advance(WEEK_SECONDS - 2);
    const last = (await refresh(client, next)).next;
    it.clock.advance(WEEK_SECONDS);
    assert.doesNotMatch((await refuses(client, last, 'invalid_grant')).message, /used before/);
  });

  test('a mistake in the request does not cost the token', async () => {
    const client = await makeRefreshing(Array.from({ length: 45 }, (_, n) => `large:${'p'.repeat(55)}${n}`));
    const token = await begin(client, { scope: `large:${'p'.repeat(55)}1` });
    await refuses(client, token, 'invalid_scope', { scope: 'x:y' });
    await refuses(client, token, 'invalid_target', { resource: 'x' });
    await refresh(client, token);
    await refusalOf(it.oauth, requestBy(client));
    const rows = await suite.query(
      `select 1 from auth_service_data.app_client_refresh_tokens where client_id = '${client.id}'`,
    );
    assert.equal(rows.length, 1, 'a refused token begins no family');
  });

  test('a refresh of a client that is known costs two statements, its first token two', async () => {
    const client = await makeRefreshing();
    // What is done in the background is not on the bill.
    const count = () => suite.statements.filter((sql) => !/ctid|audit_events|signing_keys/.test(sql)).length;
    suite.statements.length = 0;
    const token = await begin(client);
    assert.equal(count(), 2);
    suite.statements.length = 0;
    await refresh(client, token);
    assert.equal(count(), 2);
  });
});
