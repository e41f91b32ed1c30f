import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CATALOGUE, type ErrorCode, ServiceError } from '#errors';
import { buildWireApp } from './support/build-wire-app.ts';
import { asJsonFile, frozenPath } from './support/snapshots.ts';

const CODES = Object.keys(CATALOGUE) as ErrorCode[];
const STATED = { access: 'public', limit: 'none' } as const;

/** An app with a route in each dialect that throws what it is given. */
function buildThrowingApp(thrown: () => unknown) {
  const wire = buildWireApp();
  for (const dialect of ['problem', 'oauth'] as const) {
    wire.app.get(`/${dialect}`, { config: { ...STATED, operation: dialect, dialect } }, async () => {
      throw thrown();
    });
  }
  return wire;
}

describe('an error', () => {
  it('has one status and one body for each code and dialect, for good', async (t: TestContext) => {
    let code: ErrorCode = 'internal';
    await using wire = buildThrowingApp(() => new ServiceError(code));
    const { app } = wire;
    const frozen: Record<string, unknown> = {};
    for (code of CODES) {
      const headers = { 'x-request-id': 'frozen-request-id' };
      const problem = await app.inject({ url: '/problem', headers });
      const oauth = await app.inject({ url: '/oauth', headers });
      frozen[code] = {
        status: problem.statusCode,
        retry_after: problem.headers['retry-after'],
        challenge: problem.headers['www-authenticate'],
        problem: problem.json(),
        oauth: { status: oauth.statusCode, challenge: oauth.headers['www-authenticate'], ...oauth.json() },
      };
    }
    t.assert.fileSnapshot(frozen, frozenPath('errors'), asJsonFile);
  });

  it('names the wrong fields with 422', async () => {
    const fields = [{ field: 'name', message: 'is too short' }];
    await using wire = buildThrowingApp(() => new ServiceError('validation_failed', undefined, { fields }));
    const { app } = wire;
    const answer = await app.inject('/problem');
    assert.equal(answer.statusCode, 422);
    assert.deepEqual(answer.json().errors, fields);
  });

  it("of the framework's own validation names them too, in sentences", async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const schema = {
      body: {
        type: 'object',
        required: ['size', 'a/b~c'],
        properties: {
          size: { type: 'integer' },
          page: { type: ['string', 'null'], maxLength: 3 },
          colours: { type: 'array', items: { enum: ['red', 'blue'] } },
          url: { type: 'string', pattern: '^https:' },
          'a/b~c': { type: 'object', required: ['d'] },
        },
        additionalProperties: false,
      },
    };
    app.post('/sized', { config: { ...STATED, operation: 'sized' }, schema }, async () => ({}));
    const errorsFor = async (payload: object) => {
      const answer = await app.inject({ method: 'POST', url: '/sized', payload });
      assert.equal(answer.statusCode, 422);
      return answer.json().errors;
    };
    assert.deepEqual(await errorsFor({}), [
      { field: 'size', message: 'It is missing.' },
      { field: 'a/b~c', message: 'It is missing.' },
    ]);
    const wrong = { size: '1', page: 1, colours: ['red', 'green'], url: 'ftp:', 'a/b~c': {}, 'e/f': 1 };
    assert.deepEqual(await errorsFor(wrong), [
      { field: 'e/f', message: 'It is not known here.' },
      { field: 'size', message: 'It must be an integer.' },
      { field: 'page', message: 'It must be a string or null.' },
      { field: 'colours.1', message: 'It must be one of: red, blue.' },
      { field: 'url', message: 'It must match pattern "^https:".' },
      { field: 'a/b~c.d', message: 'It is missing.' },
    ]);
    assert.deepEqual(await errorsFor({ size: 1, page: 'long', 'a/b~c': { d: 1 } }), [
      { field: 'page', message: 'It has at most 3 characters.' },
    ]);
    assert.deepEqual(await errorsFor([]), [{ field: 'body', message: 'It must be an object.' }]);
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`${index}${'x'.repeat(500)}`, 1]),
    );
    const told: { field: string }[] = await errorsFor(many);
    assert.deepEqual(new Set(told.map(({ field }) => field.length)), new Set([4, 5, 100]));
    assert.equal(told.length, 20);
  });

  it('carries Retry-After when the thrower knows it, in whole seconds', async () => {
    await using wire = buildThrowingApp(
      () => new ServiceError('rate_limited', undefined, { retryAfterSeconds: 1.2 }),
    );
    const { app } = wire;
    for (const url of ['/problem', '/oauth']) {
      assert.equal((await app.inject(url)).headers['retry-after'], '2');
    }
  });

  it('that nobody meant to throw gives nothing away and is logged with its cause', async () => {
    const surprises = [
      new TypeError('connect ECONNREFUSED 10.1.2.3:5432 as user postgres'),
      Object.assign(new Error('leaky detail'), { statusCode: 418, code: 'E_TEAPOT' }),
      'a bare leaky string',
      { leaky: 'object' },
      null,
      undefined,
    ];
    for (const surprise of surprises) {
      await using wire = buildThrowingApp(() => surprise);
      const { app, logged, logText } = wire;
      for (const url of ['/problem', '/oauth']) {
        const answer = await app.inject({ url, headers: { 'x-request-id': 'surprised' } });
        assert.equal(answer.statusCode, 500);
        assert.doesNotMatch(answer.body, /ECONNREFUSED|postgres|leaky|TypeError|TEAPOT/);
      }
      const line = logged().find(({ level }) => level === 'ERROR');
      assert.equal(line?.request_id, 'surprised');
      assert.match(JSON.stringify(line?.error), /^{"code":"internal"/);
      if (surprise instanceof Error) assert.ok(logText().includes(surprise.message));
    }
  });

  it('description for OAuth clients keeps to the characters of RFC 6749 §5.2', async () => {
    await using wire = buildThrowingApp(() => new ServiceError('invalid_scope', 'no "x\\y" für you \u0000'));
    const { app } = wire;
    const { error_description } = (await app.inject('/oauth')).json();
    assert.equal(error_description, "no 'x?y' f?r you ?");
  });
});
