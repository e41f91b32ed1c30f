import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildWireApp } from './support/build-wire-app.ts';

const TOKEN_PATH = '/api/v1/auth/token';

describe('a path that nothing is at', () => {
  it('answers 404 as a problem, whatever the method and the body', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
      const answer = await app.inject({
        method,
        url: '/nowhere?client_secret=x',
        headers: { 'content-type': 'text/xml' },
        payload: '<a/>',
      });
      assert.equal(answer.statusCode, 404, method);
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
      assert.equal(answer.json().code, 'not_found');
    }
  });

  it('is not a known path with a slash, another case or something behind it', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const url of [
      '/',
      '/health/',
      '/HEALTH',
      '/health/live/x',
      `${TOKEN_PATH}/`,
      '/auth/token',
      '//health',
    ]) {
      const answer = await app.inject({ url });
      assert.equal(answer.statusCode, 404, url);
    }
  });

  it('is told from one that cannot be read', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const url of ['/%zz', '/docs/%', '/%ff%fe']) {
      const answer = await app.inject({ url });
      assert.equal(answer.statusCode, 400, url);
      assert.equal(answer.json().code, 'invalid_request');
      assert.ok(answer.headers['x-request-id']);
    }
  });
});

describe('a known path asked with another method', () => {
  it('answers 405 and says which methods it has', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
      for (const url of ['/health', '/docs/start.js', '/.well-known/jwks.json', '/openapi.json?x=1']) {
        const answer = await app.inject({ method, url });
        assert.equal(answer.statusCode, 405, `${method} ${url}`);
        assert.equal(answer.headers.allow, 'GET, HEAD');
        assert.equal(answer.json().code, 'method_not_allowed');
      }
    }
  });

  it('answers in the dialect of the token endpoint there', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
      const answer = await app.inject({ method, url: TOKEN_PATH });
      assert.equal(answer.statusCode, 405, method);
      assert.equal(answer.headers.allow, 'POST');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.deepEqual(answer.json(), {
        error: 'invalid_request',
        error_description: 'This path answers POST only.',
      });
    }
  });
});

describe('HEAD', () => {
  it('answers like GET, without the body', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const url of [
      '/health',
      '/health/live',
      '/health/ready',
      '/openapi.json',
      '/docs',
      '/docs/swagger-ui.css',
    ]) {
      const head = await app.inject({ method: 'HEAD', url });
      const get = await app.inject({ method: 'GET', url });
      assert.equal(head.statusCode, 200, url);
      assert.equal(head.body, '');
      assert.equal(head.headers['content-type'], get.headers['content-type']);
    }
    const missing = await app.inject({ method: 'HEAD', url: '/nowhere' });
    assert.equal(missing.statusCode, 404);
  });
});

describe('the root path', () => {
  it('may be empty', async () => {
    await using wire = buildWireApp({ server: { rootPath: '' } });
    const { app } = wire;
    assert.equal((await app.inject('/auth/token')).statusCode, 405);
    assert.equal((await app.inject(TOKEN_PATH)).statusCode, 404);
  });

  it('holds the well-known documents as well', async () => {
    const keys = { jwks: async () => ({ keys: [] }), list: () => [] };
    await using wire = buildWireApp({ rooms: { keys } });
    const { app } = wire;
    for (const url of ['/.well-known/jwks.json', '/api/v1/.well-known/jwks.json']) {
      const answer = await app.inject(url);
      assert.equal(answer.statusCode, 200, url);
      assert.deepEqual(answer.json(), { keys: [] });
    }
  });
});
