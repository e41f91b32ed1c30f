import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf, names, warned } from './loading.ts';

describe('names', () => {
  test('the prefixed name wins over the bare one', () => {
    const config = loadConfig({ PORT: '8001', AUTH_SERVICE_PORT: '8002' });
    assert.equal(config.server.port, 8002);
  });

  test('either name does alone', () => {
    assert.equal(loadConfig({ PORT: '8001' }).server.port, 8001);
    assert.equal(loadConfig({ AUTH_SERVICE_PORT: '8002' }).server.port, 8002);
  });

  test('the database URL is read with and without the prefix, which wins', () => {
    const urlOf = (texts: Record<string, string>) => {
      const { database } = loadConfig(texts);
      return database.kind === 'postgres' ? database.url : null;
    };
    assert.equal(urlOf({ DATABASE_URL: 'postgresql://a@bare/x' }), 'postgresql://a@bare/x');
    assert.equal(
      urlOf({
        DATABASE_URL: 'postgresql://a@bare/x',
        AUTH_SERVICE_DATABASE_URL: 'postgresql://a@prefixed/x',
      }),
      'postgresql://a@prefixed/x',
    );
  });

  test('BASE_URL is another name of PUBLIC_URL, which wins over it', () => {
    assert.equal(loadConfig({ BASE_URL: 'http://a.example.com' }).server.publicUrl, 'http://a.example.com');
    const both = loadConfig({ BASE_URL: 'http://a.example.com', PUBLIC_URL: 'http://b.example.com' });
    assert.equal(both.server.publicUrl, 'http://b.example.com');
    const prefixed = loadConfig({
      AUTH_SERVICE_BASE_URL: 'http://a.example.com',
      PUBLIC_URL: 'http://b.example.com',
    });
    assert.equal(prefixed.server.publicUrl, 'http://a.example.com');
  });

  test('an empty value counts as unset', () => {
    const config = loadConfig({ AUTH_SERVICE_PORT: '', PORT: '8001', SUPABASE_URL: ' ', HOST: '' });
    assert.equal(config.server.port, 8001);
    assert.equal(config.server.host, '127.0.0.1');
    assert.equal(config.identity.kind, 'embedded');
  });

  test('blanks around a value are dropped, but within a secret they count', () => {
    const secret = ' with blanks at both ends, and long enough ';
    const config = loadConfig({ PORT: ' 8001 ', M2M_JWT_SECRET_KEY: `${secret}\n` });
    assert.equal(config.server.port, 8001);
    assert.equal(config.tokens.sharedSecret, secret);
  });

  test('a fault is told under the name that was used', () => {
    assertOneFault(faultsOf({ AUTH_SERVICE_PORT: 'x' }), 'AUTH_SERVICE_PORT', /port number/);
    assertOneFault(faultsOf({ BASE_URL: 'x' }), 'BASE_URL', /absolute/);
  });

  test('quotes that became part of a value are warned about', () => {
    assert.deepEqual(warned(loadConfig({ OTEL_SERVICE_NAME: '"auth"' })), ['OTEL_SERVICE_NAME']);
  });
});

describe('mounted secrets', () => {
  const secret = 'k2d9skd03ks9dk3ls0dk39dk20dk39dk';
  const readFile = (path: string) => {
    if (path === '/run/secrets/m2m') return `${secret}\n`;
    if (path === '/run/secrets/windows') return `${secret}\r\n`;
    if (path === '/run/secrets/empty') return '\n';
    throw Object.assign(new Error(`no such file ${path}`), { code: 'ENOENT' });
  };
  const sharedSecret = (texts: Record<string, string>) => loadConfig(texts, { readFile }).tokens.sharedSecret;

  test('are read from NAME_FILE, prefixed or not, without the line break at their end', () => {
    assert.equal(sharedSecret({ M2M_JWT_SECRET_KEY_FILE: '/run/secrets/m2m' }), secret);
    assert.equal(sharedSecret({ AUTH_SERVICE_M2M_JWT_SECRET_KEY_FILE: '/run/secrets/m2m' }), secret);
    assert.equal(sharedSecret({ M2M_JWT_SECRET_KEY_FILE: '/run/secrets/windows' }), secret);
  });

  test('a prefixed file wins over a bare value', () => {
    const texts = {
      AUTH_SERVICE_M2M_JWT_SECRET_KEY_FILE: '/run/secrets/m2m',
      M2M_JWT_SECRET_KEY: 'other-secret-that-is-long-enough-too',
    };
    assert.equal(sharedSecret(texts), secret);
  });

  test('work for any variable', () => {
    assert.equal(loadConfig({ PORT_FILE: '/p' }, { readFile: () => '8003\n' }).server.port, 8003);
  });

  test('a file that cannot be read is a fault, and its path stays out of the text', () => {
    const texts = { M2M_JWT_SECRET_KEY_FILE: 'secret-put-where-a-path-belongs' };
    const faults = faultsOf(texts, { readFile });
    assertOneFault(faults, 'M2M_JWT_SECRET_KEY_FILE', /cannot be read \(ENOENT\)/);
    assert.doesNotMatch(JSON.stringify(faults), /where-a-path-belongs/);
  });

  test('an empty file is a fault', () => {
    const faults = faultsOf({ ENCRYPTION_KEY_FILE: '/run/secrets/empty' }, { readFile });
    assertOneFault(faults, 'ENCRYPTION_KEY_FILE', /empty/);
  });

  test('a value and a file at once are a fault', () => {
    const texts = { M2M_JWT_SECRET_KEY: secret, M2M_JWT_SECRET_KEY_FILE: '/run/secrets/m2m' };
    assertOneFault(faultsOf(texts, { readFile }), 'M2M_JWT_SECRET_KEY', /both set/);
  });

  test('an empty value beside a file is none', () => {
    assert.equal(
      sharedSecret({ M2M_JWT_SECRET_KEY: '', M2M_JWT_SECRET_KEY_FILE: '/run/secrets/m2m' }),
      secret,
    );
  });

  test('come from the disk by default', () => {
    const directory = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      writeFileSync(join(directory, 'secret'), `${secret}\n`);
      const config = loadConfig({ M2M_JWT_SECRET_KEY_FILE: join(directory, 'secret') });
      assert.equal(config.tokens.sharedSecret, secret);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('variables that are none of ours', () => {
  test('with the prefix they are warned about, with the nearest name', () => {
    const { warnings } = loadConfig({
      AUTH_SERVICE_LOGING_LEVEL: 'DEBUG',
      AUTH_SERVICE_REDIS_URI_FILE: '/x',
      AUTH_SERVICE_SOMETHING_ELSE_ALTOGETHER: 'x',
    });
    assert.deepEqual(names(warnings), [
      'AUTH_SERVICE_LOGING_LEVEL',
      'AUTH_SERVICE_REDIS_URI_FILE',
      'AUTH_SERVICE_SOMETHING_ELSE_ALTOGETHER',
    ]);
    assert.match(warnings[0]?.remedy ?? '', /AUTH_SERVICE_LOGGING_LEVEL/);
    assert.match(warnings[1]?.remedy ?? '', /AUTH_SERVICE_REDIS_URL_FILE/);
    assert.match(warnings[2]?.remedy ?? '', /configuration\.md/);
  });

  test('without it only where the beginning is ours alone', () => {
    const config = loadConfig({
      RATE_LIMIT_LOGN: '1/minute',
      LOGING_LEVEL: 'DEBUG',
      SUPABASE_DB_PASSWORD: 'x',
    });
    assert.deepEqual(warned(config), ['RATE_LIMIT_LOGN']);
    assert.match(config.warnings[0]?.remedy ?? '', /RATE_LIMIT_LOGIN/);
  });

  test('known names, aliases, files and providers are not warned about', () => {
    const config = loadConfig(
      {
        AUTH_SERVICE_BASE_URL: 'http://localhost:1',
        AUTH_SERVICE_PORT_FILE: '/p',
        AUTH_SERVICE_OIDC_ACME_ISSUER: 'https://login.example.com',
        AUTH_SERVICE_OIDC_ACME_CLIENT_ID: 'id',
        AUTH_SERVICE_OIDC_ACME_CLIENT_SECRET: 'secret',
      },
      { readFile: () => '1' },
    );
    assert.deepEqual(config.warnings, []);
  });

  test('what Kubernetes injects for a Service named auth-service is a fault where it takes the place of ours', () => {
    const texts = {
      AUTH_SERVICE_PORT: 'tcp://10.0.0.1:80',
      AUTH_SERVICE_PORT_80_TCP: 'tcp://10.0.0.1:80',
      AUTH_SERVICE_PORT_80_TCP_ADDR: '10.0.0.1',
      AUTH_SERVICE_SERVICE_HOST: '10.0.0.1',
      AUTH_SERVICE_SERVICE_PORT_HTTP: '80',
    };
    const faults = faultsOf(texts);
    assertOneFault(faults, 'AUTH_SERVICE_PORT', /Kubernetes/);
    assert.match(faults[0]?.remedy ?? '', /enableServiceLinks/);
    assert.deepEqual(loadConfig({ ...texts, AUTH_SERVICE_PORT: '' }).warnings, []);
    assertOneFault(faultsOf({ SMTP_PORT: 'tcp://10.0.0.1:25' }), 'SMTP_PORT', /Kubernetes/);
  });
});
