import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { foreignKey, signWith } from '../../../scripts/demo/forge.ts';
import { openOrders } from './orders-stage.ts';

describe('a key set that cannot be had', () => {
  const faults: [string, RequestListener][] = [
    ['an error', (_, response) => response.writeHead(500).end()],
    ['no JSON', (_, response) => response.end('<html>')],
    ['JSON that is no key set', (_, response) => response.end('{"keys":"none"}')],
    ['a redirect', (_, response) => response.writeHead(302, { Location: 'https://other.example/' }).end()],
    ['a broken connection', (request) => request.socket.destroy()],
    ['silence', () => undefined],
  ];
  for (const [what, answer] of faults) {
    test(`${what}: 503 and not 401, and the next request after it is back gets in`, async (t) => {
      const { get, keyServer, mint } = await openOrders(t);
      keyServer.answer = answer;
      const reply = await get(mint());
      assert.equal(reply.status, 503);
      assert.equal(reply.challenge, undefined);
      assert.equal(reply.contentType, 'application/problem+json');
      assert.ok(Number(reply.retryAfter) > 0);
      keyServer.answer = null;
      assert.equal((await get(mint())).status, 200);
    });
  }

  test('nobody listening: 503, then recovery', async (t) => {
    const { get, jwks, jwksUrl, mint } = await openOrders(t);
    jwks.close();
    jwks.closeAllConnections();
    await once(jwks, 'close');
    assert.equal((await get(mint())).status, 503);
    jwks.listen(Number(jwksUrl.port), '127.0.0.1');
    await once(jwks, 'listening');
    assert.equal((await get(mint())).status, 200);
  });
});

test('keys that are known serve on while the issuer is away', async (t) => {
  const { get, keyServer, mint } = await openOrders(t);
  assert.equal((await get(mint())).status, 200);
  keyServer.answer = (_, response) => response.writeHead(500).end();
  assert.equal((await get(mint())).status, 200);
  assert.equal(keyServer.requests, 1);
});

test('invented key ids do not become requests to the issuer', async (t) => {
  const { get, keyServer, mint } = await openOrders(t);
  assert.equal((await get(mint())).status, 200);
  for (let number = 0; number < 20; number += 1)
    assert.equal((await get(mint({}, { kid: `invented-${number}` }))).status, 401);
  assert.equal(keyServer.requests, 1);
});

test('many first requests fetch the key set once', async (t) => {
  const { get, keyServer, mint } = await openOrders(t);
  const replies = await Promise.all(Array.from({ length: 10 }, () => get(mint())));
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  assert.equal(keyServer.requests, 1);
});

test('a new key of the issuer is found by the first token that it signed', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { get, keyServer, header, claims, mint } = await openOrders(t);
  assert.equal((await get(mint())).status, 200);
  const next = foreignKey();
  const { d: _private, ...jwk } = next.export({ format: 'jwk' });
  keyServer.keys.push({ ...jwk, kid: 'next', alg: 'ES256' });
  t.mock.timers.tick(31_000);
  assert.equal((await get(signWith(next, { ...header, kid: 'next' }, claims()))).status, 200);
  assert.equal(keyServer.requests, 2);
});

test('a withdrawn key is believed for ten minutes at most', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { get, keyServer, mint } = await openOrders(t);
  assert.equal((await get(mint())).status, 200);
  keyServer.keys = [];
  t.mock.timers.tick(599_000);
  assert.equal((await get(mint())).status, 200);
  t.mock.timers.tick(2_000);
  assert.equal((await get(mint())).status, 401);
});
