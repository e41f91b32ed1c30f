import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '#config';
import { assertOneFault, faultsOf, production, productionFaults, warned } from './loading.ts';

describe('LOGGING_LEVEL', () => {
  test('is one of five, in any case', () => {
    for (const level of ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']) {
      assert.equal(loadConfig({ LOGGING_LEVEL: level.toLowerCase() }).logging.level, level);
    }
    assertOneFault(faultsOf({ LOGGING_LEVEL: 'TRACE' }), 'LOGGING_LEVEL', /"TRACE" is not one of DEBUG/);
  });
});

describe('scale', () => {
  test('no REDIS_URL is a loud warning in production', () => {
    assert.deepEqual(warned(production({ REDIS_URL: '' })), ['REDIS_URL']);
    assert.deepEqual(loadConfig({}).warnings, []);
  });

  test('several replicas without REDIS_URL are refused', () => {
    assertOneFault(productionFaults({ REDIS_URL: '', REPLICAS: '2' }), 'REPLICAS', /REDIS_URL/);
    assert.equal(production({ REPLICAS: '3' }).server.replicas, 3);
  });

  test('a REDIS_URL at fault is not reported as missing too', () => {
    assertOneFault(productionFaults({ REDIS_URL: 'http://redis', REPLICAS: '2' }), 'REDIS_URL', /redis:\/\//);
  });

  test('the embedded database serves one process', () => {
    assertOneFault(faultsOf({ WORKERS: '2' }), 'WORKERS', /one process/);
    assertOneFault(faultsOf({ REPLICAS: '2', REDIS_URL: 'redis://r' }), 'REPLICAS', /one process/);
    assert.equal(production({ WORKERS: '4' }).server.workers, 4);
  });
});

describe('whole numbers', () => {
  test('keep within their bounds', () => {
    const bounds: Record<string, readonly [number, number]> = {
      REPLICAS: [1, 1000],
      WORKERS: [1, 64],
      DB_POOL_MAX: [1, 500],
      DB_CONNECT_TIMEOUT_SECONDS: [1, 120],
      DB_STATEMENT_TIMEOUT_SECONDS: [1, 600],
      DB_IDLE_TIMEOUT_SECONDS: [1, 3600],
      CACHE_STALE_SECONDS: [0, 3600],
      M2M_JWT_ACCESS_TOKEN_EXPIRE_MINUTES: [1, 1440],
      JWT_REFRESH_TOKEN_EXPIRE_MINUTES: [1, 525_600],
    };
    for (const [name, [least, most]] of Object.entries(bounds)) {
      for (const value of [least, most]) production({ [name]: String(value) });
      for (const value of [least - 1, most + 1, `${least}.5`, 'many']) {
        assertOneFault(productionFaults({ [name]: String(value) }), name, /not a whole number/);
      }
    }
  });

  test('have the documented defaults', () => {
    const config = production();
    assert.equal(config.cacheStaleSeconds, 60);
    assert.equal(config.tokens.accessTokenLifetimeSeconds, 900);
    assert.equal(config.tokens.refreshTokenLifetimeSeconds, 604_800);
    assert.ok(config.database.kind === 'postgres');
    const { poolMax, connectTimeoutMs, statementTimeoutMs, idleTimeoutMs } = config.database;
    assert.deepEqual(
      [poolMax, connectTimeoutMs, statementTimeoutMs, idleTimeoutMs],
      [10, 5000, 10_000, 30_000],
    );
  });
});

describe('metrics and tracing', () => {
  test('a port of their own differs from PORT', () => {
    assert.deepEqual(production({ METRICS_PORT: '9090' }).metrics, { port: 9090, token: null });
    assertOneFault(productionFaults({ METRICS_PORT: '8000' }), 'METRICS_PORT', /same as PORT/);
    assertOneFault(productionFaults({ METRICS_PORT: '0' }), 'METRICS_PORT', /free port/);
  });

  test('a short token is refused in production', () => {
    assertOneFault(productionFaults({ METRICS_TOKEN: 'short' }), 'METRICS_TOKEN', /16 characters/);
    assert.equal(loadConfig({ METRICS_TOKEN: 'short' }).metrics.token, 'short');
  });

  test('traces are sent once a collector is named', () => {
    const texts = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-tenant=a=b',
      OTEL_TRACES_SAMPLER_ARG: '0.1',
    };
    assert.deepEqual(loadConfig(texts).telemetry, {
      endpoint: 'http://collector:4318',
      protocol: 'http/protobuf',
      headers: { authorization: 'Bearer abc', 'x-tenant': 'a=b' },
      serviceName: 'paservices-auth',
      resourceAttributes: {},
      sampler: 'parentbased_always_on',
      samplerArgument: '0.1',
    });
    assert.equal(loadConfig({ ...texts, OTEL_SDK_DISABLED: 'true' }).telemetry, null);
  });
});
