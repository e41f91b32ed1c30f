import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseEnv } from 'node:util';
import { loadConfig, renderEnvironmentExample } from '#config';
import { GUIDE_ENVIRONMENT } from '../support/guide-environment.ts';
import { GUIDE_KUBERNETES_VALUES } from '../support/guide-kubernetes.ts';
import { faultsOf, names, warned } from './loading.ts';

const WITH_PLACEHOLDERS = [
  'SUPABASE_URL',
  'SUPABASE_ANON_KEY',
  'SUPABASE_SERVICE_ROLE_KEY',
  'AUTH_SERVICE_DATABASE_URL',
  'M2M_JWT_SECRET_KEY',
  'INITIAL_ADMIN_EMAIL',
  'INITIAL_ADMIN_PASSWORD',
];

const REPLACEMENTS: readonly (readonly [string, string])[] = [
  ['admin@your_domain.com', 'ops@shop.example.com'],
  ['your_domain.com', 'supabase.shop.example.com'],
  ['your_anon_key', 'sb_publishable_ZkD93kd'],
  ['your_service_role_key', 'sb_secret_1kd9Xk2d'],
  ['your_secure_db_password', 'k39dkwKd3k'],
  ['your_secure_jwt_secret_for_m2m', 'Wq3kZx8s0dLr5tYbN1mVc7hJg2fKp4Ae'],
  ['secure_admin_password', 'Tulip-Ferry-Copper-58'],
];

function replaced(text: string): Record<string, string | undefined> {
  return parseEnv(REPLACEMENTS.reduce((result, [from, to]) => result.replaceAll(from, to), text));
}

describe("the guide's environment file", () => {
  for (const environment of ['production', 'staging']) {
    test(`as written it is refused in ${environment}, with every placeholder named at once`, () => {
      const faults = faultsOf({ ...parseEnv(GUIDE_ENVIRONMENT), ENVIRONMENT: environment });
      assert.deepEqual(names(faults), WITH_PLACEHOLDERS);
      for (const fault of faults) assert.match(fault.problem, /placeholder/, fault.variable);
      assert.match(faults[0]?.problem ?? '', /your_domain\.com/);
    });
  }

  test('with only the values replaced it loads', () => {
    const config = loadConfig(replaced(GUIDE_ENVIRONMENT));
    assert.equal(config.isProduction, true);
    assert.deepEqual(config.identity, {
      kind: 'supabase',
      url: 'https://supabase.shop.example.com',
      anonKey: 'sb_publishable_ZkD93kd',
      serviceRoleKey: 'sb_secret_1kd9Xk2d',
      jwtSecret: null,
      jwtIssuers: ['https://supabase.shop.example.com/auth/v1'],
      acceptsTokensWithoutIssuer: false,
      rateLimitHeader: 'x-forwarded-for',
    });
    assert.ok(config.database.kind === 'postgres');
    assert.equal(config.database.url, 'postgresql://postgres:k39dkwKd3k@db:5432/postgres');
    assert.equal(config.tokens.algorithm, 'HS256');
    assert.equal(config.tokens.issuer, 'paservices_auth_service');
    assert.equal(config.encryption.keys.source, 'derived');
    assert.equal(config.initialAdmin?.email, 'ops@shop.example.com');
    assert.equal(config.server.rootPath, '/api/v1');
    assert.deepEqual(config.rateLimits.login, { limit: 20, windowSeconds: 60 });
    assert.deepEqual(warned(config), ['PUBLIC_URL', 'REDIS_URL']);
  });

  test("the guide's Kubernetes secrets are refused unedited as well", () => {
    const faults = faultsOf({
      ENVIRONMENT: 'production',
      ...GUIDE_KUBERNETES_VALUES,
      PUBLIC_URL: 'https://auth.yourdomain.com',
    });
    assert.equal(faults.length, 7);
    for (const fault of faults) assert.match(fault.problem, /placeholder/, fault.variable);
  });
});

describe('placeholders', () => {
  test('are found wherever a part of a value begins', () => {
    const faults = faultsOf({
      ENVIRONMENT: 'production',
      IDENTITY: 'embedded',
      AUTH_SERVICE_DATABASE_URL: 'postgresql://postgres:[YOUR-PASSWORD]@db.example.com:5432/postgres',
      M2M_JWT_SECRET_KEY: '"your_secret_that_is_long_enough_for_it"',
      CORS_ALLOW_ORIGINS: 'https://app.example.com, https://your-app.example.com',
      REDIRECT_ALLOW_LIST: 'https://app.your_domain.com/welcome',
      SMTP_PASSWORD: '<your-password>',
    });
    const named = faults.filter((fault) => fault.problem.includes('placeholder'));
    assert.deepEqual(names(named), [
      'CORS_ALLOW_ORIGINS',
      'AUTH_SERVICE_DATABASE_URL',
      'M2M_JWT_SECRET_KEY',
      'REDIRECT_ALLOW_LIST',
      'SMTP_PASSWORD',
    ]);
  });

  test('are none in the middle of a passphrase', () => {
    const config = loadConfig({ M2M_JWT_SECRET_KEY: 'mind-your-step-between-the-train-and-the-platform' });
    assert.deepEqual(config.warnings, []);
  });

  test('are only warned about in development', () => {
    const config = loadConfig({ SMTP_SENDER_NAME: 'your_name' });
    assert.deepEqual(warned(config), ['SMTP_SENDER_NAME']);
  });

  test('of mounted secrets are named by the variable that mounts them', () => {
    const texts = {
      ...parseEnv(GUIDE_ENVIRONMENT),
      M2M_JWT_SECRET_KEY: '',
      M2M_JWT_SECRET_KEY_FILE: '/run/secrets/m2m',
    };
    const faults = faultsOf(texts, { readFile: () => 'your_secure_jwt_secret_for_m2m\n' });
    assert.ok(names(faults).includes('M2M_JWT_SECRET_KEY_FILE'));
  });
});

describe('the example file', () => {
  const example = renderEnvironmentExample();

  test('unedited it is refused with every placeholder named', () => {
    assert.deepEqual(names(faultsOf(parseEnv(example))), WITH_PLACEHOLDERS);
  });

  test('with the values replaced it loads', () => {
    const text = example.replace('your_secure_admin_password', 'secure_admin_password');
    assert.equal(loadConfig(replaced(text)).identity.kind, 'supabase');
  });

  test("begins with the guide's names in the guide's order", () => {
    const settings = (text: string) =>
      text.split('\n').flatMap((line) => /^([A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
    assert.deepEqual(settings(example), settings(GUIDE_ENVIRONMENT));
  });

  test('each line that is commented out is right but for its placeholders', () => {
    const everything = parseEnv(example.replace(/^#(?=[A-Z])/gm, ''));
    const faults = faultsOf(everything).filter((fault) => !fault.problem.includes('placeholder'));
    assert.deepEqual(faults, []);
  });
});
