import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { openOrders, send } from './orders-stage.ts';

test('without a token the challenge names no error', async (t) => {
  const { url } = await openOrders(t);
  for (const headers of [
    {},
    { Authorization: 'Basic YTpi' },
    { Authorization: 'Bearer' },
    { Authorization: 'Bearer ' },
  ]) {
    const reply = await send(`${url}/orders`, headers);
    assert.equal(reply.status, 401);
    assert.equal(reply.challenge, 'Bearer');
    assert.equal(reply.contentType, 'application/problem+json');
  }
});

test('the scheme is read in any letter case', async (t) => {
  const { url, mint } = await openOrders(t);
  assert.equal((await send(`${url}/orders`, { Authorization: `bearer ${mint()}` })).status, 200);
});

test('a token anywhere but in the Authorization header is not seen', async (t) => {
  const { url, mint } = await openOrders(t);
  const token = mint({ permissions: ['orders:read', 'orders:write'] });
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const replies = [
    await send(`${url}/orders?access_token=${token}`, {}),
    await send(`${url}/orders?Authorization=Bearer%20${token}`, {}),
    await send(`${url}/orders`, { Cookie: `access_token=${token}`, 'X-Access-Token': token }),
    await send(`${url}/orders`, form, { method: 'POST', body: `access_token=${token}` }),
  ];
  for (const reply of replies) assert.equal(reply.status, 401);
});

test('two Authorization headers are not two tries', async (t) => {
  const { url, mint } = await openOrders(t);
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    `GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\nAuthorization: Bearer ${mint()}\r\nConnection: close\r\n\r\n`,
  );
  assert.match(await text(socket), /^HTTP\/1\.1 40[01] /);
});

test('text that is no token is refused', async (t) => {
  const { get } = await openOrders(t);
  for (const token of ['x', '..', 'a.b.c', 'null', 'e30.e30.', `${'a'.repeat(50)}.`.repeat(5), '%00', '{}'])
    assert.equal((await get(token)).status, 401, token);
});

test('a token with more behind it is refused', async (t) => {
  const { url, mint } = await openOrders(t);
  for (const more of [' x', ', Bearer y', '.x', '='])
    assert.equal(
      (await send(`${url}/orders`, { Authorization: `Bearer ${mint()}${more}` })).status,
      401,
      more,
    );
});

test('a huge token is refused before its signature is looked at', async (t) => {
  const { get, keyServer, mint } = await openOrders(t);
  const huge = mint({ padding: 'x'.repeat(7_000) });
  assert.ok(huge.length > 8_192 && huge.length < 16_000);
  assert.equal((await get(huge)).status, 401);
  assert.equal(keyServer.requests, 0);
});

test('headers beyond all measure are refused, and the service lives on', async (t) => {
  const { url, get, mint } = await openOrders(t);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'a'.repeat(200_000)}\r\n\r\n`);
  assert.match(await text(socket).catch(() => 'HTTP/1.1 431 '), /^HTTP\/1\.1 431 /);
  assert.equal((await get(mint())).status, 200);
});

test('health is open, and the rest is not there', async (t) => {
  const { url } = await openOrders(t);
  assert.equal((await send(`${url}/health`, {})).status, 200);
  for (const path of [
    '/',
    '//',
    '/orders/',
    '/Orders',
    '/orders/1',
    '/constructor',
    '/health/../orders',
    '/%6frders',
  ])
    assert.equal((await send(url + path, {})).status, 404, path);
});

test('a method that is not offered is answered with those that are', async (t) => {
  const { url, mint } = await openOrders(t);
  for (const method of ['DELETE', 'PUT', 'PATCH', 'OPTIONS'])
    assert.equal(
      (await send(`${url}/orders`, { Authorization: `Bearer ${mint()}` }, { method })).status,
      405,
    );
});

test('an order that cannot be read is refused in kind', async (t) => {
  const { url, mint } = await openOrders(t);
  const headers = { Authorization: `Bearer ${mint({ permissions: ['orders:write'] })}` };
  const post = async (body: string) =>
    (await send(`${url}/orders`, headers, { method: 'POST', body })).status;
  assert.equal(await post(''), 400);
  assert.equal(await post('{"item":'), 400);
  assert.equal(await post('null'), 422);
  assert.equal(await post('[]'), 422);
  assert.equal(await post('{"item":7}'), 422);
  assert.equal(await post(JSON.stringify({ item: 'x'.repeat(20_000) })), 413);
});
