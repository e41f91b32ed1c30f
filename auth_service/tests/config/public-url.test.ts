import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf, production, productionFaults, warned } from './loading.ts';

describe('ROOT_PATH', () => {
  test('defaults to /api/v1; the empty string and / mean none', () => {
    assert.equal(loadConfig({}).server.rootPath, '/api/v1');
    for (const none of ['', '/', '//', '""', "''", ' ']) {
      assert.equal(loadConfig({ ROOT_PATH: none }).server.rootPath, '', JSON.stringify(none));
    }
    assert.equal(loadConfig({ ROOT_PATH: '/x', AUTH_SERVICE_ROOT_PATH: '' }).server.rootPath, '');
  });

  test('loses its trailing slash and must be a path', () => {
    assert.equal(loadConfig({ ROOT_PATH: '/auth/' }).server.rootPath, '/auth');
    for (const path of ['api', '/a//b', '/a?b', '/a b', 'https://x/a', '/../a', '/a/..']) {
      assertOneFault(faultsOf({ ROOT_PATH: path }), 'ROOT_PATH', /not a path/);
    }
  });
});

describe('PUBLIC_URL', () => {
  const urlOf = (texts: Record<string, string>) => loadConfig(texts).server.publicUrl;

  test('defaults to localhost and the port in development and testing', () => {
    assert.equal(urlOf({}), 'http://localhost:8000');
    assert.equal(urlOf({ ENVIRONMENT: 'testing', PORT: '9000' }), 'http://localhost:9000');
  });

  test('has no default where the port is not known beforehand', () => {
    const config = loadConfig({ PORT: '0' });
    assert.equal(config.server.publicUrl, null);
    assert.deepEqual(warned(config), ['PUBLIC_URL']);
  });

  test('unset in production is a loud warning', () => {
    const config = production({ PUBLIC_URL: '' });
    assert.equal(config.server.publicUrl, null);
    assert.deepEqual(warned(config), ['PUBLIC_URL']);
    assert.match(config.warnings[0]?.problem ?? '', /503/);
  });

  test('loses its trailing slash, keeps its path', () => {
    assert.equal(urlOf({ PUBLIC_URL: 'https://Auth.Example.com:443/' }), 'https://auth.example.com');
    assert.equal(urlOf({ PUBLIC_URL: 'https://example.com/accounts/' }), 'https://example.com/accounts');
  });

  test('refuses what no link can be built from', () => {
    const wrong: Record<string, RegExp> = {
      'auth.example.com': /absolute/,
      '/auth': /absolute/,
      'ftp://example.com': /absolute/,
      'https:example.com': /absolute/,
      'https://example.com/?a=b': /query/,
      'https://example.com/#': /fragment/,
      'https://user:pass@example.com': /user name/,
    };
    for (const [url, problem] of Object.entries(wrong)) {
      assertOneFault(faultsOf({ PUBLIC_URL: url }), 'PUBLIC_URL', problem);
    }
  });

  test('must be https in production, loopback apart, which is warned about', () => {
    const http = 'http://auth.example.com';
    assertOneFault(productionFaults({ PUBLIC_URL: http }), 'PUBLIC_URL', /not an https/);
    assertOneFault(
      productionFaults({ ENVIRONMENT: 'staging', PUBLIC_URL: http }),
      'PUBLIC_URL',
      /not an https/,
    );
    assertOneFault(productionFaults({ PUBLIC_URL: 'http://127.0.0.1.example.com' }), 'PUBLIC_URL', /https/);
    for (const host of ['localhost:8000', '127.0.0.1', '[::1]:8000']) {
      assert.deepEqual(warned(production({ PUBLIC_URL: `http://${host}` })), ['PUBLIC_URL']);
    }
    assert.equal(urlOf({ PUBLIC_URL: http }), http);
  });

  test('with ROOT_PATH in it is warned about', () => {
    assert.deepEqual(warned(loadConfig({ PUBLIC_URL: 'https://a.example.com/api/v1' })), ['PUBLIC_URL']);
  });
});
