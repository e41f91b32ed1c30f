import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { chdir, cwd } from 'node:process';
import { describe, test } from 'node:test';
import { type Config, loadConfig } from '#config';
import { assertOneFault, errorOf, faultsOf, names, PRODUCTION, production, warned } from './loading.ts';

const LOCAL = ['development', 'testing'];
const STRICT = ['staging', 'production'];

describe('nothing configured', () => {
  test('is development with everything embedded', () => {
    const config = loadConfig({});
    assert.equal(config.environment, 'development');
    assert.equal(config.isProduction, false);
    assert.deepEqual(config.identity, { kind: 'embedded', confirmsAutomatically: true });
    assert.equal(config.database.kind, 'embedded');
    assert.equal(config.redis, null);
    assert.equal(config.tokens.algorithm, 'ES256');
    assert.deepEqual(config.encryption.keys, { source: 'generate', current: null, previous: [] });
    assert.equal(config.initialAdmin, null);
    assert.equal(config.smtp, null);
    assert.equal(config.telemetry, null);
    assert.deepEqual(config.warnings, []);
    assert.match(config.version, /^\d+\.\d+\.\d+/);
  });

  test('the data directory is at the repository root, whatever the working directory', () => {
    const before = cwd();
    try {
      chdir('/');
      const config = loadConfig({});
      assert.equal(config.dataDirectory, resolve(import.meta.dirname, '../../../.data'));
      assert.ok(config.database.kind === 'embedded');
      assert.equal(config.database.directory, resolve(config.dataDirectory, 'database'));
    } finally {
      chdir(before);
    }
  });

  test('a relative DATA_DIR starts at the repository root, an absolute one stands', () => {
    const options = { repositoryRoot: '/srv/repository' };
    assert.equal(loadConfig({ DATA_DIR: 'var/data' }, options).dataDirectory, '/srv/repository/var/data');
    assert.equal(loadConfig({ DATA_DIR: '/var/lib/auth' }, options).dataDirectory, '/var/lib/auth');
  });

  test('in staging and production it is refused, each missing part by name', () => {
    for (const environment of STRICT) {
      const faults = faultsOf({ ENVIRONMENT: environment });
      assert.deepEqual(names(faults), [
        'SUPABASE_URL',
        'SUPABASE_ANON_KEY',
        'SUPABASE_SERVICE_ROLE_KEY',
        'AUTH_SERVICE_DATABASE_URL',
        'ENCRYPTION_KEY',
      ]);
      for (const fault of faults) assert.equal(fault.problem, 'is not set.');
      assert.match(faults[0]?.remedy ?? '', /IDENTITY=embedded/);
      assert.match(faults[3]?.remedy ?? '', /DATABASE=embedded/);
    }
  });
});

describe('what depends on the environment', () => {
  const both = (environment: string): Config =>
    LOCAL.includes(environment)
      ? loadConfig({ ENVIRONMENT: environment })
      : production({ ENVIRONMENT: environment });

  test('the host is loopback in development and testing only', () => {
    for (const environment of LOCAL) assert.equal(both(environment).server.host, '127.0.0.1');
    for (const environment of STRICT) assert.equal(both(environment).server.host, '0.0.0.0');
  });

  test('migrations run at the start in development and testing only, unless told', () => {
    for (const environment of LOCAL) assert.equal(both(environment).migrateOnStart, true);
    for (const environment of STRICT) assert.equal(both(environment).migrateOnStart, false);
    assert.equal(production({ MIGRATE_ON_START: 'on' }).migrateOnStart, true);
    assert.equal(loadConfig({ MIGRATE_ON_START: '0' }).migrateOnStart, false);
  });

  test('embedded identity confirms by itself in development and testing only, unless told', () => {
    const confirms = (config: Config) =>
      config.identity.kind === 'embedded' && config.identity.confirmsAutomatically;
    for (const environment of LOCAL) assert.equal(confirms(both(environment)), true);
    for (const environment of STRICT) {
      assert.equal(confirms(production({ ENVIRONMENT: environment, IDENTITY: 'embedded' })), false);
    }
    assert.equal(confirms(production({ IDENTITY: 'embedded', MAILER_AUTOCONFIRM: 'true' })), true);
  });

  test('staging counts as production', () => {
    assert.equal(both('staging').isProduction, true);
    assert.equal(both('staging').environment, 'staging');
  });

  test('an environment in capitals is known, another one is a fault', () => {
    assert.equal(loadConfig({ ENVIRONMENT: 'Testing' }).environment, 'testing');
    assertOneFault(faultsOf({ ...PRODUCTION, ENVIRONMENT: 'prod' }), 'ENVIRONMENT', /"prod" is not one of/);
    assertOneFault(faultsOf({ ENVIRONMENT: 'dev' }), 'ENVIRONMENT', /development/);
  });

  test('beside a name that is no environment, the rules of the likely one find the other faults', () => {
    assert.ok(names(faultsOf({ ENVIRONMENT: 'prod' })).includes('SUPABASE_URL'));
    assert.ok(names(faultsOf({ ENVIRONMENT: 'live' })).includes('SUPABASE_URL'));
  });
});

describe('embedded parts in production', () => {
  test('are there when asked for by name', () => {
    const config = loadConfig({
      ENVIRONMENT: 'production',
      IDENTITY: 'embedded',
      DATABASE: 'embedded',
      ENCRYPTION_KEY: PRODUCTION.ENCRYPTION_KEY,
    });
    assert.equal(config.identity.kind, 'embedded');
    assert.equal(config.database.kind, 'embedded');
    assert.deepEqual(warned(config), ['PUBLIC_URL', 'REDIS_URL', 'SMTP_HOST']);
  });

  test('each axis is independent', () => {
    const embeddedIdentity = production({
      IDENTITY: 'embedded',
      SUPABASE_URL: '',
      SUPABASE_ANON_KEY: '',
      SUPABASE_SERVICE_ROLE_KEY: '',
    });
    assert.equal(embeddedIdentity.database.kind, 'postgres');
    assert.equal(production({ DATABASE: 'embedded' }).identity.kind, 'supabase');
  });

  test('a URL that is then not used is warned about', () => {
    assert.ok(warned(production({ IDENTITY: 'embedded' })).includes('SUPABASE_URL'));
    assert.ok(warned(production({ DATABASE: 'embedded' })).includes('AUTH_SERVICE_DATABASE_URL'));
  });
});

describe('Supabase and PostgreSQL in development', () => {
  test('are chosen by their URLs', () => {
    const { ENVIRONMENT: _, ...texts } = PRODUCTION;
    const config = loadConfig(texts);
    assert.equal(config.identity.kind, 'supabase');
    assert.equal(config.database.kind, 'postgres');
  });

  test('need their other parts too', () => {
    const faults = faultsOf({ SUPABASE_URL: 'http://localhost:54321' });
    assert.deepEqual(names(faults), ['SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY']);
    assertOneFault(faultsOf({ DATABASE: 'postgres' }), 'AUTH_SERVICE_DATABASE_URL', /not set/);
  });
});

describe('the result', () => {
  test('a full production configuration has nothing to warn about', () => {
    assert.deepEqual(production().warnings, []);
  });

  test('is frozen to the bottom', () => {
    const config = production({
      INITIAL_ADMIN_EMAIL: 'a@example.com',
      INITIAL_ADMIN_PASSWORD: 'Tulip-Ferry-58',
    });
    const assertFrozen = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
      assert.ok(Object.isFrozen(value), path);
      for (const [key, each] of Object.entries(value)) assertFrozen(each, `${path}.${key}`);
    };
    assertFrozen(config, 'config');
  });

  test('every fault is reported at once, in the message for a terminal as well', () => {
    const error = errorOf({
      PORT: '70000',
      ROOT_PATH: 'api',
      LOGGING_LEVEL: 'LOUD',
      RATE_LIMIT_MFA: '0/minute',
    });
    assert.deepEqual(names(error.faults), ['LOGGING_LEVEL', 'ROOT_PATH', 'PORT', 'RATE_LIMIT_MFA']);
    assert.match(error.message, /4 faults/);
    for (const fault of error.faults) {
      assert.ok(error.message.includes(`${fault.variable} ${fault.problem}`));
      assert.ok(error.message.includes(fault.remedy));
    }
  });
});
