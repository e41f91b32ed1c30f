import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildWireApp } from './support/build-wire-app.ts';

const TOKEN_PATH = '/api/v1/auth/token';
const APP = 'https://app.example.com';

function preflight(url: string, origin: string) {
  return {
    method: 'OPTIONS',
    url,
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  } as const;
}

describe('CORS', () => {
  it('is off unless origins are named', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const simple = await app.inject({ url: '/health', headers: { origin: APP } });
    assert.equal(simple.headers['access-control-allow-origin'], undefined);
    assert.equal((await app.inject(preflight(TOKEN_PATH, APP))).statusCode, 405);
  });

  it('lets the named origins call, the token endpoint included', async () => {
    await using wire = buildWireApp({ server: { corsAllowOrigins: [APP] } });
    const { app } = wire;
    for (const url of [TOKEN_PATH, '/health']) {
      const allowed = await app.inject(preflight(url, APP));
      assert.equal(allowed.statusCode, 204);
      assert.equal(allowed.headers['access-control-allow-origin'], APP);
      assert.match(String(allowed.headers['access-control-allow-headers']), /Authorization/);
      assert.equal(allowed.headers['access-control-allow-credentials'], undefined);
      const refused = await app.inject(preflight(url, 'https://evil.example.com'));
      assert.equal(refused.headers['access-control-allow-origin'], undefined);
    }
  });

  it('lets them use every method that a route has', async () => {
    await using app = buildWireApp({ server: { corsAllowOrigins: [APP] } });
    const { headers } = await app.app.inject(preflight(TOKEN_PATH, APP));
    assert.equal(headers['access-control-allow-methods'], 'GET, HEAD, POST, PUT, PATCH, DELETE');
  });

  it('lets them read errors, request ids and limits', async () => {
    await using wire = buildWireApp({ server: { corsAllowOrigins: [APP] } });
    const { app } = wire;
    for (const url of ['/nowhere', TOKEN_PATH]) {
      const { headers } = await app.inject({ url, headers: { origin: APP } });
      assert.equal(headers['access-control-allow-origin'], APP, url);
      assert.match(String(headers['access-control-expose-headers']), /X-Request-ID.*RateLimit.*Retry-After/);
      assert.match(String(headers.vary), /Origin/);
    }
  });

  it('lets everybody call where that is asked for, without credentials', async () => {
    await using wire = buildWireApp({ server: { corsAllowOrigins: ['*'] } });
    const { app } = wire;
    const { headers } = await app.inject({ url: '/health', headers: { origin: 'https://anybody.example' } });
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-credentials'], undefined);
  });

  it('sends credentials only where that is asked for', async () => {
    await using wire = buildWireApp({ server: { corsAllowOrigins: [APP], corsAllowCredentials: true } });
    const { app } = wire;
    const { headers } = await app.inject({ url: '/health', headers: { origin: APP } });
    assert.equal(headers['access-control-allow-credentials'], 'true');
  });

  it('is on for pages of this machine in development', async () => {
    await using wire = buildWireApp({ settings: { environment: 'development' } });
    const { app } = wire;
    const allowedFor = async (origin: string) =>
      (await app.inject({ url: '/health', headers: { origin } })).headers['access-control-allow-origin'];
    for (const origin of [
      'http://localhost:3000',
      'http://127.0.0.1',
      'http://[::1]:5173',
      'https://a.localhost',
    ]) {
      assert.equal(await allowedFor(origin), origin);
    }
    for (const origin of [
      APP,
      'http://localhost.evil.com',
      'http://127.0.0.1.evil.com',
      'null',
      'http://evil-localhost',
    ]) {
      assert.equal(await allowedFor(origin), undefined, origin);
    }
  });
});
