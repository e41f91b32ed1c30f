import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foreignKey, signWith, type TokenPart } from '../../../scripts/demo/forge.ts';
import {
  AUDIENCE,
  goodClaims,
  goodPersonClaims,
  ISSUER,
  KID,
  openOrders,
  PERSON_ISSUER,
  PERSON_KID,
  type Reply,
  send,
} from './orders-stage.ts';

function assertRefused(reply: Reply, why: RegExp): void {
  assert.equal(reply.status, 401);
  assert.match(reply.challenge ?? '', /^Bearer error="invalid_token", error_description="[^"\\]+"$/);
  assert.match(reply.challenge ?? '', why);
}

test('a person with the permission is let in, and orders in their own name', async (t) => {
  const { get, person, url } = await openOrders(t);
  assert.equal((await get(person.mint())).status, 200);
  assert.equal((await get(person.mint({ is_anonymous: undefined }))).status, 200);
  const writer = person.mint({ app_metadata: { permissions: ['orders:write'] } });
  const headers = { Authorization: `Bearer ${writer}` };
  const placed = await send(`${url}/orders`, headers, { method: 'POST', body: '{"item":"a book"}' });
  assert.deepEqual(placed.body, { id: 1, item: 'a book', orderedBy: goodPersonClaims().sub });
});

describe('claims of a person that are not as they must be', () => {
  const now = Math.floor(Date.now() / 1000);
  const refused: [string, RegExp, TokenPart, TokenPart?][] = [
    ['another issuer', /iss is/, { iss: 'https://other.example/auth/v1' }],
    ['an issuer with a slash more', /iss is/, { iss: `${PERSON_ISSUER}/` }],
    ['issuers in an array', /iss is/, { iss: [PERSON_ISSUER] }],
    ['no issuer', /iss is/, { iss: undefined }],
    ['another audience', /aud is/, { aud: 'anon' }],
    ['the audience of machines', /aud is/, { aud: AUDIENCE }],
    ['no audience', /aud is/, { aud: undefined }],
    ['an expiry that has passed', /expired/, { exp: now - 1 }],
    ['no expiry', /exp is/, { exp: undefined }],
    ['the role of an API key, service_role', /role is/, { role: 'service_role' }],
    ['the role of an API key, anon', /role is/, { role: 'anon' }],
    ['roles in an array', /role is/, { role: ['authenticated'] }],
    ['no role', /role is/, { role: undefined }],
    ['a subject that is no UUID', /sub is/, { sub: 'admin' }],
    ['a subject with a UUID in it', /sub is/, { sub: `${goodPersonClaims().sub} admin` }],
    ['no subject', /sub is/, { sub: undefined }],
    ['no session', /session_id is/, { session_id: undefined }],
    ['an empty session', /session_id is/, { session_id: '' }],
    ['a session of null', /session_id is/, { session_id: null }],
    ['a visitor without an account', /is_anonymous is/, { is_anonymous: true }],
    ['a visitor, said in text', /is_anonymous is/, { is_anonymous: 'true' }],
    ['a token that a person gave to an app', /client_id is/, { client_id: goodClaims().sub }],
    ['the typ of a machine', /typ is/, {}, { typ: 'at+jwt' }],
    ['no typ', /typ is/, {}, { typ: undefined }],
  ];
  for (const [what, why, claims, header] of refused) {
    test(`${what} is refused`, async (t) => {
      const { get, person } = await openOrders(t);
      assertRefused(await get(person.mint(claims, header)), why);
    });
  }
});

describe('what grants a person nothing', () => {
  const forbidden: [string, TokenPart][] = [
    ['permissions in user_metadata', { user_metadata: { permissions: ['orders:read'] } }],
    [
      'app_metadata within user_metadata',
      { user_metadata: { app_metadata: { permissions: ['orders:read'] } } },
    ],
    ['permissions where machines have them', { permissions: ['orders:read'] }],
    ['roles', { app_metadata: { roles: ['orders:read', 'admin'] } }],
    ['text in place of an array', { app_metadata: { permissions: 'orders:read' } }],
    ['an array within the array', { app_metadata: { permissions: [['orders:read']] } }],
    ['a name as key', { app_metadata: { permissions: { 'orders:read': true } } }],
    ['app_metadata of null', { app_metadata: null }],
    ['app_metadata as text', { app_metadata: 'permissions orders:read' }],
    ['no app_metadata', {}],
  ];
  for (const [what, claims] of forbidden) {
    test(`${what}: 403`, async (t) => {
      const { get, person } = await openOrders(t);
      const reply = await get(person.mint({ app_metadata: undefined, ...claims }));
      assert.equal(reply.status, 403);
      assert.equal(reply.challenge, 'Bearer error="insufficient_scope", scope="orders:read"');
    });
  }
});

describe('a token of one kind never passes for the other', () => {
  test('a person’s token under the issuer of machines is refused, whoever signed it', async (t) => {
    const { get, mint, person } = await openOrders(t);
    assertRefused(await get(person.mint({ iss: ISSUER })), /no key of the issuer/);
    assertRefused(await get(person.mint({ iss: ISSUER }, { kid: KID })), /not signed by the issuer/);
    const wholly = { ...goodPersonClaims(), iss: ISSUER, token_type: undefined };
    assertRefused(await get(mint(wholly)), /aud is/);
    assertRefused(await get(mint({ ...wholly, aud: AUDIENCE })), /token_type is/);
  });

  test('a machine’s token under the issuer of people is refused, whoever signed it', async (t) => {
    const { get, mint, person } = await openOrders(t);
    assertRefused(await get(mint({ iss: PERSON_ISSUER })), /no key of the issuer/);
    assertRefused(await get(mint({ iss: PERSON_ISSUER }, { kid: PERSON_KID })), /typ is|not signed/);
    assertRefused(await get(mint({ iss: PERSON_ISSUER }, { kid: PERSON_KID, typ: 'JWT' })), /not signed/);
    assertRefused(await get(person.mint({ ...goodClaims(), iss: PERSON_ISSUER })), /aud is/);
    const both = { ...goodClaims(), iss: PERSON_ISSUER, aud: 'authenticated', role: undefined };
    assertRefused(await get(person.mint(both)), /role is/);
  });

  test('claims of both kinds in one token are held against the rules of its issuer alone', async (t) => {
    const { get, mint, person } = await openOrders(t);
    const both = { ...goodPersonClaims(), ...goodClaims(), aud: [AUDIENCE, 'authenticated'] };
    assert.equal((await get(mint({ ...both, permissions: [] }))).status, 403);
    const asPerson = { ...both, iss: PERSON_ISSUER, app_metadata: { permissions: [] } };
    assert.equal((await get(person.mint(asPerson))).status, 403);
  });

  test('a stranger’s key under either kid is refused', async (t) => {
    const { get, claims, header, person } = await openOrders(t);
    const stranger = foreignKey();
    assertRefused(await get(signWith(stranger, header, claims())), /not signed/);
    assertRefused(await get(signWith(stranger, person.header, person.claims())), /not signed/);
  });

  test('the keys of one issuer are never asked about a token of the other, nor about a stranger’s', async (t) => {
    const { get, keyServer, mint, person } = await openOrders(t);
    await get(person.mint());
    assert.deepEqual([keyServer.requests, person.keyServer.requests], [0, 1]);
    await get(mint());
    await get(mint({ iss: 'https://other.example' }));
    assert.deepEqual([keyServer.requests, person.keyServer.requests], [1, 1]);
  });

  test('people are let in while the keys of machines cannot be had, and the reverse', async (t) => {
    const { get, keyServer, mint, person } = await openOrders(t);
    keyServer.answer = (_, response) => response.writeHead(500).end();
    assert.deepEqual([(await get(person.mint())).status, (await get(mint())).status], [200, 503]);
    keyServer.answer = null;
    person.keyServer.keys = [];
    assert.equal((await get(mint())).status, 200);
  });
});
