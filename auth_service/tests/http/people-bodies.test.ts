import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { describeOn } from '../support/databases.ts';
import {
  ADA,
  buildPeopleApp,
  PASSWORD,
  type PeopleApp,
  type PersonRequest,
  USERS,
} from './support/people-app.ts';
import { listen, sendRaw } from './support/raw-connection.ts';
import { asJsonFile, frozenPath } from './support/snapshots.ts';

type On = Parameters<PeopleApp['ask']>[0];

interface RouteWithBody {
  readonly on: On;
  /** A body that fits. */
  readonly fits: Readonly<Record<string, string>>;
  /** What else it may hold. */
  readonly optional: readonly string[];
}

const NAMES = ['username', 'first_name', 'last_name'];
const NEW_PASSWORD = { new_password: 'a better horse battery' };

const ROUTES: readonly RouteWithBody[] = [
  { on: 'POST /register', fits: { email: 'new@example.com', password: PASSWORD }, optional: NAMES },
  { on: 'POST /login', fits: { email: ADA, password: PASSWORD }, optional: [] },
  { on: 'POST /token/refresh', fits: { refresh_token: 'AAGX' }, optional: [] },
  { on: 'POST /logout', fits: {}, optional: ['scope'] },
  { on: 'PUT /password/update', fits: NEW_PASSWORD, optional: ['current_password'] },
  { on: 'POST /password/update', fits: NEW_PASSWORD, optional: ['current_password'] },
  { on: 'PUT /me', fits: {}, optional: NAMES },
  { on: 'PATCH /me', fits: {}, optional: NAMES },
];
const MEGABYTE = 1_048_576;
/** What is said of a megabyte in a field. */
const TOO_LONG: Readonly<Record<string, string>> & { readonly any: string } = {
  any: 'It has at most 1024 characters.',
  refresh_token: 'It has at most 4096 characters.',
  scope: 'It must be one of: local, global, others.',
};
const WRONG_TYPES = [1, true, ['a'], { a: 'a' }];

/** Bodies that fit no route, and the status they get. */
const MALFORMED: Readonly<Record<string, PersonRequest & { status: number }>> = {
  'broken JSON': { status: 400, payload: '{"email":' },
  'bytes that are no UTF-8': { status: 400, payload: Buffer.from('{"email":"\xff\xfe"}', 'latin1') },
  'a letter cut in two': { status: 400, payload: Buffer.from('{"email":"\xc3"}', 'latin1') },
  'a letter in more bytes than it needs': {
    status: 400,
    payload: Buffer.from('{"email":"\xc0\xaf"}', 'latin1'),
  },
  'JSON in UTF-16': { status: 400, payload: Buffer.from('{}', 'utf16le') },
  'nothing but white space': { status: 400, payload: '  ' },
  null: { status: 422, payload: 'null' },
  'an array': { status: 422, payload: '[]' },
  'an array of a megabyte': { status: 422, payload: `[${'1,'.repeat(MEGABYTE / 2 - 2)}1]` },
  'a text': { status: 422, payload: '"a"' },
  'a number': { status: 422, payload: '1' },
  'a stranger': { status: 422, payload: '{"is_admin":true}' },
  'two strangers': { status: 422, payload: '{"role":"admin","roles":["admin"]}' },
  'a __proto__': { status: 422, payload: '{"__proto__":{"email":"a@example.com"}}' },
  'a constructor': { status: 422, payload: '{"constructor":{"prototype":{}}}' },
  'a stranger with a slash, a dot and a tilde': { status: 422, payload: '{"a/b.c~1d":1}' },
  'a stranger without a name': { status: 422, payload: '{"":1}' },
  'a stranger with a long name': { status: 422, payload: JSON.stringify({ ['x'.repeat(900_000)]: 1 }) },
  'a crowd of strangers': { status: 422, payload: `{${numbered(18)}}` },
  'a megabyte of strangers': { status: 422, payload: `{${numbered(90_000)}}` },
  'a member that is there twice': {
    status: 422,
    payload: '{"email":"a@example.com","email":"b@example.com"}',
  },
  'a member that is there twice, spelled in two ways': { status: 422, payload: '{"x":1,"\\u0078" : 1}' },
  'a form': { status: 415, type: 'application/x-www-form-urlencoded', payload: 'email=a&password=b' },
  'text that is JSON': { status: 415, type: 'text/plain', payload: '{}' },
  'JSON by a wrong name': { status: 415, type: 'application/jsonp', payload: '{}' },
  'no type at all': { status: 415, type: '', payload: '{}' },
  'JSON, compressed': { status: 415, payload: gzipSync('{}'), headers: { 'content-encoding': 'gzip' } },
  'two megabytes': { status: 413, payload: JSON.stringify({ email: 'x'.repeat(2 * MEGABYTE) }) },
};

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `"n${index}":0`).join();
}

// Nothing of it reaches a database: one of them is enough.
describeOn('embedded', 'a body that fits no route', (open) => {
  it('is refused in the same words by every route, and in few of them', async (t: TestContext) => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const hashesBefore = app.people.hashCount();
    const frozen: Record<string, unknown> = {};
    for (const [name, { status, ...request }] of Object.entries(MALFORMED)) {
      for (const { on } of ROUTES) {
        const headers = { 'x-request-id': 'frozen', ...request.headers };
        const answer = await app.ask(on, { ...request, token, headers });
        assert.equal(answer.statusCode, status, `${on}, ${name}: ${answer.body.slice(0, 500)}`);
        assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
        assert.equal(answer.headers['cache-control'], 'no-store');
        assert.ok(answer.body.length < 3000, `${on}, ${name}: ${answer.body.length} characters`);
        const { errors = [], ...problem } = answer.json();
        // What else is missing is said as well, and differs from route to route.
        const ownErrors = errors.filter(({ message }: { message: string }) => message !== 'It is missing.');
        assert.equal(ownErrors.length > 0, status === 422, name);
        const told = status === 422 ? { ...problem, errors: ownErrors } : problem;
        frozen[name] ??= told;
        assert.deepEqual(told, frozen[name], `${on}, ${name}`);
      }
    }
    t.assert.fileSnapshot(frozen, frozenPath('people-bodies'), asJsonFile);
    const crowd = await app.ask('POST /login', { payload: `{${numbered(100)}}` });
    assert.equal(crowd.json().errors.length, 20);
    assert.equal(app.people.hashCount(), hashesBefore);
    assert.equal(({} as Record<string, unknown>).email, undefined);
  });

  it('is told which of its fields is wrong, in a sentence', async () => {
    await using app = await buildPeopleApp(await open());
    const { access_token: token } = await app.signUp();
    const hashesBefore = app.people.hashCount();
    for (const { on, fits, optional } of ROUTES) {
      for (const field of Object.keys(fits)) {
        const { [field]: _left, ...rest } = fits;
        const { statusCode, body } = await app.ask(on, { token, body: rest });
        assert.equal(statusCode, 422, on);
        assert.deepEqual(JSON.parse(body).errors, [{ field, message: 'It is missing.' }]);
      }
      for (const field of [...Object.keys(fits), ...optional]) {
        const kind = NAMES.includes(field) ? 'a string or null' : 'a string';
        const wrongs = NAMES.includes(field) ? WRONG_TYPES : [...WRONG_TYPES, null];
        for (const wrong of [...wrongs, 'x'.repeat(MEGABYTE - 200)]) {
          const answer = await app.ask(on, { token, body: { ...fits, [field]: wrong } });
          const { code, errors } = answer.json();
          assert.deepEqual([answer.statusCode, code], [422, 'validation_failed'], `${on} ${field}: ${wrong}`);
          assert.equal(errors[0].field, field);
          const tooLong = TOO_LONG[field] ?? TOO_LONG.any;
          assert.equal(errors[0].message, typeof wrong === 'string' ? tooLong : `It must be ${kind}.`, field);
        }
      }
    }
    assert.equal(app.people.hashCount(), hashesBefore);
  });

  it('is refused over a socket as well when it is too large, before its sender is done', async () => {
    await using app = await buildPeopleApp(await open());
    const { port } = await listen(app.app);
    const body = JSON.stringify({ email: ADA, password: 'x'.repeat(2 * MEGABYTE) });
    const head = `POST ${USERS}/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n`;
    const answer = await sendRaw(port, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [413, 'body_too_large']);
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const chunked = await sendRaw(port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`);
    assert.deepEqual([chunked.status, JSON.parse(chunked.body).code], [413, 'body_too_large']);
  });
});
