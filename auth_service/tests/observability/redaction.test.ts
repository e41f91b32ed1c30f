import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorContext } from '#observability';
import { captureLog } from './capture.ts';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aGUtc3ViamVjdCJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
const PEM = `-----BEGIN PRIVATE KEY-----\n${'MIGHAgEAMBMGByqGSM49AgEG'.repeat(3)}\n-----END PRIVATE KEY-----`;

/** What must not be found in any log line, and a text that holds it. */
const SECRETS: readonly (readonly [secret: string, text: string])[] = [
  [JWT, `token is ${JWT}`],
  [JWT, `a\t\u0000${JWT}`],
  ['eyJhbGciOiJub25lIn0', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'],
  ['opaque-token-1234', 'Authorization: Bearer opaque-token-1234'],
  ['opaque-token-1234', 'bearer   opaque-token-1234'],
  ['b3BlbjpzZXNhbWU=', 'sent Basic b3BlbjpzZXNhbWU= to it'],
  ['se"sa/m@e', 'postgresql://app:se"sa/m@e@db.internal:5432/auth'],
  ['sesame', 'redis://:sesame@cache:6379'],
  ['12345', 'https://user:12345@host/path'],
  ['pas_0123456789abcdefghij', 'the secret was pas_0123456789abcdefghij\n'],
  ['par_0123456789abcdefghij', 'the token was par_0123456789abcdefghij'],
  ['pas_0123456789abcdefghij', 'line\npas_0123456789abcdefghij'],
  ['sb_secret_0123456789', 'key sb_secret_0123456789'],
  ['MIGHAgEA', PEM],
  ['N9qo8uLOickgx2ZMRZoMye', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'],
  ['c29tZXNhbHQ', '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA'],
  ['hunter2', '/callback?password=hunter2&x=1'],
  ['hunter2', "host=db password='hunter2 again' user=app"],
  ['hunter2', 'grant_type=client_credentials&client_secret=hunter2'],
  ['hunter2', '/auth/callback?code=hunter2&state=zzz'],
  ['hunter2', '{"password":"hunter2"}'],
  ['hun"ter2', JSON.stringify({ client_secret: 'hun"ter2' })],
  ['hunter2', "{ password: 'hunter2' }"],
  ['sid=abcdef', 'Set-Cookie: sid=abcdef; HttpOnly'],
  ['sid="ab', 'Cookie: sid="ab"; more'],
  ['alice@example.com', 'mail for alice@example.com came back'],
  ['alice@example.com', 'x\nalice@example.com'],
  ['alice%40example.com', '/users?q=alice%40example.com'],
  ['üser@bücher.example', 'üser@bücher.example'],
  ['first.last+tag@mail.example.org', '<first.last+tag@mail.example.org>'],
];

describe('a secret by its look', () => {
  for (const [secret, text] of SECRETS) {
    it(`is gone from message, context, name, error and cause: ${JSON.stringify(text).slice(0, 60)}`, () => {
      const { logger, lines } = captureLog();
      const error = new Error('outer', { cause: new Error(text) });
      logger.info(text);
      logger.info('x', { note: text, deep: { list: [{ note: text }] } });
      logger.info('x', { deep: { [text]: 1 }, [text]: 1 });
      logger.error('x', { error: errorContext(error) });
      logger.error('x', { error });
      const escaped = JSON.stringify(secret).slice(1, -1);
      for (const line of lines) {
        JSON.parse(line);
        assert.ok(!line.includes(escaped) && !line.includes(secret), line);
      }
    });
  }

  it('leaves the rest of the text', () => {
    const { logger, last } = captureLog();
    const redacted = (text: string) => {
      logger.info(text);
      return last().message;
    };
    assert.equal(redacted('mail for alice@example.com'), 'mail for a***@example.com');
    assert.equal(redacted('postgresql://app:pw@db:5432/auth'), 'postgresql://app:[redacted]@db:5432/auth');
    assert.equal(redacted('/x?token=abc&limit=5'), '/x?token=[redacted]&limit=5');
    assert.equal(redacted('Bearer abcdef, then'), 'Bearer [redacted], then');
  });

  it('is not seen where there is none', () => {
    const { logger, last } = captureLog();
    for (const text of [
      'http://localhost:8000/docs?limit=5',
      'at Object.<anonymous> (/app/node_modules/@fastify/cors/index.js:1:2)',
      'pino@10.4.0 loaded',
      'basic checks passed, bearer token required',
      'WWW-Authenticate: Bearer realm="auth"',
      'password must have 8 characters; code=23505',
    ]) {
      logger.info(text);
      assert.equal(last().message, text);
    }
  });

  // Backtracking without end would not come back for hours.
  it('costs no more than its length, whatever a stranger sends', { timeout: 60_000 }, () => {
    const { logger, lines } = captureLog();
    for (const unit of [
      'a',
      'a@',
      '://',
      '://a:',
      'eyJ',
      "'",
      'password=',
      '-----BEGIN ',
      '\\"',
      'Bearer ',
      '%40',
      'cookie:',
    ]) {
      logger.info('x', {
        text: unit.repeat(8000 / unit.length),
        at: '@=\\',
        more: unit.repeat(8000 / unit.length),
      });
    }
    assert.equal(lines.length, 12);
  });
});

describe('a secret by its name', () => {
  it('is hidden at every depth and in every spelling', () => {
    const { logger, last } = captureLog();
    const names = [
      'password', 'newPassword', 'PASSWORD_HASH', 'client_secret', 'clientSecret', 'secret', 'secrets', 'token',
      'accessToken', 'refresh_token', 'ID-Token', 'authorization', 'Proxy-Authorization', 'cookie', 'set-cookie',
      'apikey', 'api_key', 'X-Api-Key', 'otp', 'totp', 'code_verifier', 'token_hash', 'client_assertion', 'nonce',
      'privateKey', 'ENCRYPTION_KEY', 'jwt', 'rawHeaders', 'SUPABASE_SERVICE_ROLE_KEY', 'credentials',
    ]; // biome-ignore format: a list of words
    for (const name of names) {
      logger.info('x', { [name]: 'swordfish', deep: [{ [name]: { inner: 'swordfish' } }] });
      assert.equal(last()[name], '[redacted]', name);
      assert.deepEqual(last().deep, [{ [name]: '[redacted]' }], name);
    }
    logger.info('x', { otp: 123456, key: { kty: 'EC', crv: 'P-256', kid: 'k', d: 'private' } });
    assert.equal(last().otp, '[redacted]');
    assert.deepEqual(last().key, { kty: 'EC', crv: 'P-256', kid: 'k', d: '[redacted]' });
  });

  it('does not hide what only tells about one', () => {
    const { logger, last } = captureLog();
    const context = {
      token_type: 'Bearer',
      secret_id: 's-1',
      secretHint: 'abcd',
      token_endpoint_auth_method: 'client_secret_basic',
      tokenLifetimeSeconds: 900,
      has_password: true,
      password: null,
      code: '23505',
      state: 'active',
    };
    logger.info('x', context);
    for (const [name, value] of Object.entries(context)) assert.equal(last()[name], value, name);
  });
});

describe('an error', () => {
  it('tells code, stack and causes, and nothing that drivers attach', () => {
    const cause = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(bob@x.org)',
    });
    const context = errorContext(new Error('could not insert', { cause }));
    assert.deepEqual(Object.keys(context), ['stack', 'cause']);
    assert.deepEqual(Object.keys(context.cause ?? {}), ['code', 'stack']);
    assert.equal(context.cause?.code, '23505');
    assert.match(context.stack ?? '', /^Error: could not insert\n\s+at /);
  });

  it('is described whatever was thrown', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    const many = new AggregateError(Array.from({ length: 50 }, (_, index) => new Error(`e${index}`)));
    const hostile = {
      get stack(): string {
        throw new Error('no');
      },
    };
    assert.equal(errorContext('a text').stack, 'a text');
    assert.equal(errorContext(undefined).stack, 'undefined');
    assert.equal(errorContext(Symbol('s')).stack, 'Symbol(s)');
    assert.equal(errorContext(hostile).stack, '[unreadable error]');
    assert.equal(errorContext(Object.create(null)).stack, '[no error object]');
    assert.equal(errorContext(many).errors?.length, 5);
    assert.ok(JSON.stringify(errorContext(loop)).length < 50_000);
  });
});
