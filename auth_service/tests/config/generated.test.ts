import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { renderConfigurationDocs, renderEnvironmentExample, VARIABLES } from '#config';

const ROOT = join(import.meta.dirname, '../../..');

/** Every variable that the contract of the product names. */
const PROMISED =
  `IDENTITY DATABASE SUPABASE_URL SUPABASE_ANON_KEY SUPABASE_SERVICE_ROLE_KEY SUPABASE_JWT_SECRET
  SUPABASE_JWT_ISSUER AUTH_SERVICE_DATABASE_URL REDIS_URL REPLICAS M2M_JWT_SECRET_KEY M2M_JWT_SECRET_KEY_PREVIOUS
  M2M_JWT_ALGORITHM ENCRYPTION_KEY ENCRYPTION_KEY_PREVIOUS M2M_JWT_ISSUER M2M_JWT_AUDIENCE
  M2M_JWT_ACCESS_TOKEN_EXPIRE_MINUTES JWT_REFRESH_TOKEN_EXPIRE_MINUTES INITIAL_ADMIN_EMAIL INITIAL_ADMIN_PASSWORD
  ROOT_PATH ENVIRONMENT LOGGING_LEVEL PORT HOST PUBLIC_URL TRUSTED_PROXIES CORS_ALLOW_ORIGINS REDIRECT_ALLOW_LIST
  RATE_LIMIT_LOGIN RATE_LIMIT_REGISTER RATE_LIMIT_TOKEN RATE_LIMIT_PASSWORD_RESET RATE_LIMIT_MFA
  PASSWORD_RESET_REDIRECT_URL EMAIL_CONFIRMATION_REDIRECT_URL GOOGLE_CLIENT_ID GOOGLE_CLIENT_SECRET GITHUB_CLIENT_ID
  GITHUB_CLIENT_SECRET MICROSOFT_CLIENT_ID MICROSOFT_CLIENT_SECRET APPLE_CLIENT_ID APPLE_CLIENT_SECRET
  GITLAB_CLIENT_ID GITLAB_CLIENT_SECRET OIDC_<NAME>_ISSUER OIDC_<NAME>_CLIENT_ID OIDC_<NAME>_CLIENT_SECRET
  SMTP_HOST SMTP_PORT SMTP_USER SMTP_PASSWORD SMTP_FROM MAILER_AUTOCONFIRM DATA_DIR DB_POOL_MAX DATABASE_DIRECT_URL
  MIGRATE_ON_START CACHE_STALE_SECONDS METRICS_PORT METRICS_TOKEN WORKERS OTEL_EXPORTER_OTLP_ENDPOINT`.split(
    /\s+/,
  );

describe('the schema', () => {
  test('knows every promised variable', () => {
    const known = new Set(VARIABLES.map((variable) => variable.name));
    assert.deepEqual(
      PROMISED.filter((name) => !known.has(name)),
      [],
    );
  });

  test('has each name once, aliases included', () => {
    const all = VARIABLES.flatMap(({ name, aliases }) => [name, ...aliases]);
    assert.equal(new Set(all).size, all.length);
  });

  test('describes each in a sentence, and shows of no secret a value that would be taken', () => {
    for (const { name, description, isSecret, example } of VARIABLES) {
      assert.match(description, /^\S.*\.$/, name);
      if (isSecret && name !== 'REDIS_URL') assert.match(example ?? '', /your_/, name);
    }
  });
});

describe('generated files', () => {
  test('the documents have a row for each variable, with all its names', () => {
    const rows = renderConfigurationDocs()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    assert.equal(rows.length, VARIABLES.length);
    for (const [index, { name, aliases, description }] of VARIABLES.entries()) {
      for (const each of [name, ...aliases]) assert.ok(rows[index]?.includes(`\`${each}\``), each);
      assert.ok(rows[index]?.includes(description.replaceAll('|', '\\|')), name);
    }
  });

  test('the documents carry their note, whatever the tables hold', () => {
    for (const word of ['AUTH_SERVICE_', '_FILE', 'ROOT_PATH'])
      assert.ok(renderConfigurationDocs().includes(word));
  });

  test('the example names every variable, in plain ASCII', () => {
    const example = renderEnvironmentExample();
    for (const { name } of VARIABLES) {
      assert.match(example, new RegExp(`^#?${name.replace('<NAME>', 'NAME')}=`, 'm'));
    }
    assert.match(example, /^[\n\x20-\x7e]*$/);
  });

  test('are as their source has them', () => {
    const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
    assert.equal(read('docs/configuration.md'), renderConfigurationDocs());
    assert.equal(read('auth_service/.env.production.example'), renderEnvironmentExample());
  });

  test('are checked by the generator, which writes nothing then', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/generate.ts'), '--check'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });
});
