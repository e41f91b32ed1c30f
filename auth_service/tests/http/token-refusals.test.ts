import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildTestApp } from './support/build-test-app.ts';
import { listen, sendRaw } from './support/raw-connection.ts';
import { asJsonFile, frozenPath } from './support/snapshots.ts';
import { postToken, type TokenPost } from './support/token-requests.ts';

describeOnEachDatabase('the token endpoint refuses', (open) => {
  it('in its own words, for good', async (t: TestContext) => {
    await using app = await buildTestApp(await open());
    const client = await app.makeClient(['orders:read']);
    const frozen: Record<string, unknown> = {};
    for (const [name, request] of Object.entries(refusals(client))) {
      const { statusCode, headers, body } = await postToken(app, request);
      assert.ok(statusCode >= 400 && statusCode < 500, `${name}: ${statusCode}`);
      frozen[name] = { status: statusCode, challenge: headers['www-authenticate'], body: JSON.parse(body) };
    }
    t.assert.fileSnapshot(frozen, frozenPath('token-refusals'), asJsonFile);
  });

  it('two Authorization headers, whichever of them is right', async () => {
    await using app = await buildTestApp(await open());
    const { basic } = await app.makeClient();
    const { port } = await listen(app.app);
    const wrong = 'Basic bm9ib2R5Om5vdGhpbmc=';
    for (const [first, second] of [
      [basic, wrong],
      [wrong, basic],
      [basic, basic],
    ]) {
      const body = 'grant_type=client_credentials';
      const answer = await sendRaw(
        port,
        [
          'POST /api/v1/auth/token HTTP/1.1',
          'Host: a',
          'Connection: close',
          `Authorization: ${first}`,
          `Authorization: ${second}`,
          'Content-Type: application/x-www-form-urlencoded',
          `Content-Length: ${body.length}`,
          '',
          body,
        ].join('\r\n'),
      );
      assert.equal(answer.status, 401);
      assert.equal(JSON.parse(answer.body).error, 'invalid_client');
    }
  });
});

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const asserting = (assertion: string) =>
  `grant_type=client_credentials&client_assertion_type=${ASSERTION_TYPE}&client_assertion=${assertion}`;
const unsigned = (claims: object) => {
  const [header, payload] = [{ alg: 'none' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${header}.${payload}.`;
};

/** Every way to be refused, with what is sent. */
function refusals({
  id,
  secret,
  basic,
}: {
  id: string;
  secret: string;
  basic: string;
}): Record<string, TokenPost> {
  const credentials = `client_id=${id}&client_secret=${secret}`;
  const json = (value: unknown) => ({
    type: 'application/json',
    authorization: basic,
    payload: JSON.stringify(value),
  });
  const raw = (payload: string | Buffer) => ({ type: 'application/json', authorization: basic, payload });
  const form = (payload: string | Buffer) => ({ authorization: basic, payload });
  const header = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
  return {
    'no credentials': {},
    'an unknown client': header('0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a10:x'),
    'a client_id that is no UUID': header('admin:x'),
    'a wrong secret': header(`${id}:wrong`),
    'a scheme that is not Basic': { authorization: `Bearer ${secret}` },
    'Basic that is no base64': { authorization: 'Basic %%%' },
    'Basic without a colon': { authorization: 'Basic YWJj' },
    'NUL bytes in Basic': header(`${id}\0:${secret}\0`),
    'header and body at once': form(`grant_type=client_credentials&${credentials}`),
    'a secret in the URL': { ...form('grant_type=client_credentials'), query: `?client_secret=${secret}` },
    'an assertion of another type': { payload: 'grant_type=client_credentials&client_assertion=a.b.c' },
    'an assertion that is no JWT': { payload: asserting('a.b.c') },
    'an assertion for nobody': { payload: asserting(unsigned({ iss: id, sub: id })) },
    'an assertion that has expired': {
      payload: asserting(unsigned({ iss: id, sub: id, aud: 'https://auth.example.com', exp: 1 })),
    },
    'an assertion and a secret': form(asserting('a.b.c')),
    'an empty body': form(''),
    'no grant_type': form('scope=orders:read'),
    'an unknown grant_type': form('grant_type=password&username=a&password=b'),
    'a repeated parameter': form('grant_type=client_credentials&scope=orders:read&scope=orders:read'),
    'a repeated parameter in JSON': raw('{"grant_type":"client_credentials","scope":"a","sc\\u006fpe":"b"}'),
    'a repeated stranger in JSON': raw('{"grant_type":"client_credentials","<b>":"a","<b>":"b"}'),
    'a repeated resource in JSON': raw('{"grant_type":"client_credentials","resource":"a","resource":"b"}'),
    'a refresh without a token': form('grant_type=refresh_token'),
    'a refresh by a client without refresh tokens': form('grant_type=refresh_token&refresh_token=par_x'),
    'a scope beyond what is held': form('grant_type=client_credentials&scope=orders:write'),
    'a resource that is not allowed': form(
      'grant_type=client_credentials&resource=https://elsewhere.example.com',
    ),
    'a content type we do not take': { ...form('<a/>'), type: 'text/xml' },
    'a content type that is none': { ...form('a=b'), type: '////' },
    'broken JSON': raw('{"grant_type":'),
    'JSON that is no object': json(['client_credentials']),
    'JSON null': json(null),
    'a number for a string': json({ grant_type: 1 }),
    'an array for a string': json({ grant_type: ['client_credentials'] }),
    'an object for a string': json({ grant_type: 'client_credentials', scope: { a: 1 } }),
    'null for a string': json({ grant_type: 'client_credentials', client_id: null }),
    'numbers among resources': json({
      grant_type: 'client_credentials',
      resource: ['https://a.example.com', 1],
    }),
    'broken percent signs': form('grant_type=client_credentials&scope=%zz'),
    'percent signs that are no UTF-8': form('grant_type=client_credentials&scope=%ff%fe'),
    'bytes that are no UTF-8': form(Buffer.from([0x61, 0x3d, 0xff, 0xfe])),
    'NUL bytes in a form': form('grant_type=client_credentials%00'),
    'NUL bytes in JSON': json({ grant_type: 'client_credentials', scope: 'a\0b' }),
    'NUL bytes in a name': form('grant_type=client_credentials&a%00b=1'),
    'too many parameters': form(Array.from({ length: 101 }, (_, index) => `p${index}=1`).join('&')),
    'a body that is too large': form(`a=${'x'.repeat(1_048_576)}`),
  };
}
