import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeConfig, loadConfig, VARIABLES } from '#config';
import { errorOf, PRODUCTION, production, type Texts } from './loading.ts';

const SECRETS = VARIABLES.filter((variable) => variable.isSecret).map(({ name }) =>
  name.replace('<NAME>', 'ACME'),
);
const URL_SECRETS = ['AUTH_SERVICE_DATABASE_URL', 'DATABASE_DIRECT_URL', 'REDIS_URL'];
const MARK = 'hush9Kd3';

/** A right value for every secret, each with a mark in it that can be searched for. */
function marked(): Texts {
  const key = Buffer.from(`${MARK}-sealing-key`.padEnd(32, '.')).toString('base64');
  const texts: Texts = Object.fromEntries(
    SECRETS.map((name, index) => [name, `${MARK}-${index}-with-some-more-characters`]),
  );
  return {
    ...texts,
    AUTH_SERVICE_DATABASE_URL: `postgresql://auth:${MARK}@db/x?sslpassword=${MARK}`,
    DATABASE_DIRECT_URL: `postgresql+asyncpg://auth:${MARK}@db/x`,
    REDIS_URL: `redis://${MARK}@redis:6379/0`,
    ENCRYPTION_KEY: key,
    ENCRYPTION_KEY_PREVIOUS: key,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${MARK}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    INITIAL_ADMIN_EMAIL: 'ops@example.com',
    OIDC_ACME_ISSUER: 'https://login.example.com',
    SMTP_HOST: 'mail',
    SMTP_FROM: 'auth@example.com',
    SMTP_USER: 'user',
    ...Object.fromEntries(
      ['GOOGLE', 'GITHUB', 'MICROSOFT', 'APPLE', 'GITLAB', 'OIDC_ACME'].map((name) => [
        `${name}_CLIENT_ID`,
        'id',
      ]),
    ),
  };
}

function assertHidden(text: string, values: readonly string[]): void {
  for (const value of values) assert.ok(!text.includes(value), `${value} in ${text}`);
}

describe('describeConfig', () => {
  test('shows of no secret more than that it is set and how long it is', () => {
    const texts = { ...PRODUCTION, ...marked() };
    const settings = describeConfig(loadConfig(texts));
    const values = SECRETS.map((name) => texts[name] ?? '');
    assertHidden(JSON.stringify(settings), [MARK, ...values]);
    for (const name of SECRETS) {
      const setting = settings.find((each) => each.name === name);
      assert.match(setting?.value ?? '', URL_SECRETS.includes(name) ? /\*\*\*/ : /^set, .* characters/, name);
    }
  });

  test('shows the rest of a URL', () => {
    const settings = describeConfig(production());
    const shownOf = (name: string) => settings.find((each) => each.name === name)?.value;
    assert.equal(shownOf('AUTH_SERVICE_DATABASE_URL'), 'postgresql://auth:***@db.example.com:5432/auth');
    assert.equal(shownOf('REDIS_URL'), 'redis://redis:6379/0');
  });

  test('hides a URL whole where its password cannot be told from the rest', () => {
    for (const url of [
      `postgresql://u:12#${MARK}@db/x`,
      `postgresql://u:1/${MARK}@db/x`,
      `postgresql://u:${MARK}#@db/x`,
    ]) {
      assertHidden(JSON.stringify(describeConfig(production({ AUTH_SERVICE_DATABASE_URL: url }))), [MARK]);
    }
  });

  test('names where a value comes from, and what a default came to', () => {
    const settings = describeConfig(loadConfig({ BASE_URL: 'http://localhost:1', AUTH_SERVICE_PORT: '9' }));
    const find = (name: string) => settings.find((each) => each.name === name);
    assert.deepEqual(find('PUBLIC_URL'), {
      name: 'PUBLIC_URL',
      value: 'http://localhost:1',
      source: 'BASE_URL',
    });
    assert.deepEqual(find('PORT'), { name: 'PORT', value: '9', source: 'AUTH_SERVICE_PORT' });
    assert.deepEqual(find('IDENTITY'), { name: 'IDENTITY', value: 'embedded', source: 'default' });
    assert.deepEqual(find('M2M_JWT_ALGORITHM'), {
      name: 'M2M_JWT_ALGORITHM',
      value: 'ES256',
      source: 'default',
    });
    assert.match(find('ENCRYPTION_KEY')?.value ?? '', /generated/);
    assert.equal(find('REDIS_URL')?.value, '(not set)');
  });

  test('lists every variable once, in the order of the documents', () => {
    const listed = describeConfig(loadConfig({})).map((setting) => setting.name);
    const documented = VARIABLES.map(({ name }) => name).filter((name) => !name.includes('<NAME>'));
    assert.deepEqual(listed, documented);
  });
});

describe('ConfigError', () => {
  const everywhere = (error: ReturnType<typeof errorOf>) =>
    `${error.message}${error.stack}${JSON.stringify(error.faults)}${String(error.cause)}`;

  test('holds no secret, whatever is wrong with each', () => {
    const spoilers = [
      (value: string) => ` ${value}\nsecond line ${value}`,
      (value: string) => `your_${value}`,
      (value: string) => `tcp://${value}`,
      (value: string) => `"${value}"`,
      (value: string) => value.slice(0, 9),
      (value: string) => `${value}%zz[`,
    ];
    for (const name of SECRETS) {
      for (const spoil of spoilers) {
        const value = spoil(marked()[name] ?? '');
        const error = errorOf({ ...PRODUCTION, ...marked(), [name]: value, PORT: 'wrong' });
        assertHidden(everywhere(error), [MARK, marked()[name] ?? MARK]);
      }
    }
  });

  test('holds no secret that was put where a URL belongs, either', () => {
    for (const name of ['SUPABASE_URL', 'PUBLIC_URL', 'REDIRECT_ALLOW_LIST', 'CORS_ALLOW_ORIGINS']) {
      for (const url of [`https://user:${MARK}@x.example.com`, `nonsense://${MARK}@/@`]) {
        assertHidden(everywhere(errorOf({ ...PRODUCTION, [name]: url })), [MARK]);
      }
    }
  });

  test('shows a long value only in part', () => {
    assert.ok(errorOf({ PORT: 'x'.repeat(500) }).message.length < 300);
  });
});

describe('warnings', () => {
  test('hold no secret', () => {
    const config = loadConfig({ ...marked(), M2M_JWT_SECRET_KEY: MARK, AUTH_SERVICE_UNKNOWN: MARK });
    assert.ok(config.warnings.length >= 2);
    assertHidden(JSON.stringify(config.warnings), [MARK]);
  });
});
