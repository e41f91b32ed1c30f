import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf, names, production, productionFaults, warned } from './loading.ts';

describe('HOST and PORT', () => {
  test('take addresses, host names and ports', () => {
    const { server } = loadConfig({ HOST: '[::]', PORT: '65535' });
    assert.deepEqual([server.host, server.port], ['::', 65535]);
    assert.equal(loadConfig({ HOST: 'localhost' }).server.host, 'localhost');
  });

  test('refuse what is none', () => {
    for (const port of ['65536', '-1', '80.5', '1e3', 'http', '0x50']) {
      assertOneFault(faultsOf({ PORT: port }), 'PORT', /not a port number/);
    }
    for (const host of ['http://localhost', '1.2.3', '256.1.1.1', 'a b', 'localhost:80']) {
      assertOneFault(faultsOf({ HOST: host }), 'HOST', /neither/);
    }
  });

  test('port 0 is for development and testing', () => {
    assert.equal(loadConfig({ PORT: '0', ENVIRONMENT: 'testing' }).server.port, 0);
    assertOneFault(productionFaults({ PORT: '0' }), 'PORT', /free port/);
  });
});

describe('TRUSTED_PROXIES', () => {
  const proxies = (value: string) => loadConfig({ TRUSTED_PROXIES: value }).server.trustedProxies;

  test('are addresses and networks, or a number of proxies', () => {
    assert.deepEqual(loadConfig({}).server.trustedProxies, []);
    assert.deepEqual(proxies('10.0.0.0/8, 192.168.1.7,fd00::/8,'), ['10.0.0.0/8', '192.168.1.7', 'fd00::/8']);
    assert.equal(proxies('2'), 2);
    assert.deepEqual(proxies('0'), []);
  });

  test('refuse names, wrong networks and trust in everybody', () => {
    for (const value of [
      'traefik',
      '*',
      'true',
      '10.0.0.0/33',
      '10.0.0/8',
      'fd00::/129',
      '17',
      '10.0.0.0/8/8',
    ]) {
      assert.deepEqual(names(faultsOf({ TRUSTED_PROXIES: value })), ['TRUSTED_PROXIES'], value);
    }
    assertOneFault(faultsOf({ TRUSTED_PROXIES: '10.0.0.1, 0.0.0.0/0' }), 'TRUSTED_PROXIES', /trusts every/);
    assertOneFault(faultsOf({ TRUSTED_PROXIES: '::/0' }), 'TRUSTED_PROXIES', /trusts every/);
  });
});

describe('CORS_ALLOW_ORIGINS', () => {
  const origins = (value: string) => loadConfig({ CORS_ALLOW_ORIGINS: value }).server.corsAllowOrigins;

  test('are written as browsers send them', () => {
    assert.deepEqual(loadConfig({}).server.corsAllowOrigins, []);
    assert.deepEqual(origins('https://App.example.com/, http://localhost:5173,capacitor://localhost'), [
      'https://app.example.com',
      'http://localhost:5173',
      'capacitor://localhost',
    ]);
    assert.deepEqual(origins('https://a.example.com:443,https://a.example.com'), ['https://a.example.com']);
  });

  test('refuse paths, wildcards within and null', () => {
    for (const value of ['https://a.example.com/x', 'https://*.example.com', 'null', 'a.example.com']) {
      assertOneFault(faultsOf({ CORS_ALLOW_ORIGINS: value }), 'CORS_ALLOW_ORIGINS', /not an origin/);
    }
  });

  test('* with credentials is refused in every environment', () => {
    const texts = { CORS_ALLOW_ORIGINS: '*', CORS_ALLOW_CREDENTIALS: 'true' };
    assertOneFault(faultsOf(texts), 'CORS_ALLOW_ORIGINS', /CREDENTIALS/);
    assertOneFault(productionFaults(texts), 'CORS_ALLOW_ORIGINS', /CREDENTIALS/);
  });

  test('* stands alone, and is warned about in production', () => {
    assert.deepEqual(origins('*'), ['*']);
    assert.deepEqual(warned(production({ CORS_ALLOW_ORIGINS: '*' })), ['CORS_ALLOW_ORIGINS']);
    assertOneFault(
      faultsOf({ CORS_ALLOW_ORIGINS: '*,https://a.example.com' }),
      'CORS_ALLOW_ORIGINS',
      /beside/,
    );
  });
});
