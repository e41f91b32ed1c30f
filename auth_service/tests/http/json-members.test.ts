import assert from 'node:assert/strict';
import { it } from 'node:test';
import { repeatedMember } from '../../src/http/json-members.ts';
import { describeOn } from '../support/databases.ts';
import { ADMIN, buildAdminApp } from './support/admin-app.ts';

const ONCE = [
  '{}',
  '[]',
  '"a"',
  '1',
  '{"a":{"a":{"a":1}},"b":{"a":1}}',
  '[{"a":1},{"a":1},["a","a"]]',
  '{"a":"a","b":"a","c":["a","a","a:"]}',
  '{"a":"\\"a\\":1,\\"a\\":2","b":"{\\"a\\":1"}',
  '{"a":"\\\\","b":"\\\\\\"","c":1}',
  '{"a":1,"A":2,"":3," ":4}',
  '{"__proto__":1,"constructor":2}',
];
const TWICE = [
  ['{"a":1,"a":1}', 'a'],
  ['{"a":1,"b":{"c":[0,{"d":1},{"d":1,"e":2,"d":3}]}}', 'b.c.2.d'],
  ['{"a":{"x":[{}]},"b":1,"a":2}', 'a'],
  ['{"a" \n\t\r: 1, "\\u0061":2}', 'a'],
  ['{"":1,"":2}', ''],
  ['{"\\\\":1,"\\u005c":2}', '\\'],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ['[[1],{"a":[],"a":[]}]', '1.a'],
] as const;

it('a member that stands once in each object is not repeated', () => {
  for (const text of ONCE) assert.equal(repeatedMember(text), null, text);
});

it('a member that stands twice in one object is found, wherever it is and however it is spelled', () => {
  for (const [text, path] of TWICE) assert.equal(repeatedMember(text), path, text);
});

it('text as deep as a body can be is looked through', () => {
  const depth = 200_000;
  assert.equal(repeatedMember(`${'['.repeat(depth)}${']'.repeat(depth)}`), null);
  assert.equal(repeatedMember(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`), null);
});

// Nothing of it reaches a database: one of them is enough.
describeOn('embedded', 'a body of administration that says something twice', (open) => {
  it('is refused by the name of it, and does neither', async () => {
    await using app = await buildAdminApp(await open());
    const { token } = await app.clientHolding('role:admin_manage');
    const send = async (payload: string) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const answer = await app.app.inject({ method: 'POST', url: `${ADMIN}/clients`, headers, payload });
      return { status: answer.statusCode, body: answer.json() };
    };
    const before = (await app.admin('GET /clients')).body.count;
    for (const [payload, field] of [
      ['{"client_name":"First","client_name":"Second"}', 'client_name'],
      ['{"client_name":"One","jwks":{"keys":[{"kty":"EC","kty":"RSA"}]}}', 'jwks.keys.0.kty'],
      [`{"${'x'.repeat(500)}":1,"${'x'.repeat(500)}":1}`, 'x'.repeat(100)],
    ] as const) {
      const { status, body } = await send(payload);
      assert.deepEqual([status, body.code], [422, 'validation_failed']);
      assert.deepEqual(body.errors, [{ field, message: 'It is there twice.' }]);
    }
    assert.equal((await app.admin('GET /clients')).body.count, before);
  });
});
