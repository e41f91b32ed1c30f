import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildWireApp } from './support/build-wire-app.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ANSWERS = [
  '/health',
  '/nowhere',
  '/%zz',
  '/api/v1/auth/token',
  '/docs',
  '/openapi.json',
  '/docs/start.js',
];

describe('X-Request-ID', () => {
  it('is on every answer, made when none came', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const seen = new Set<unknown>();
    for (const url of ANSWERS) {
      const answer = await app.inject(url);
      assert.match(String(answer.headers['x-request-id']), UUID, url);
      seen.add(answer.headers['x-request-id']);
    }
    assert.equal(seen.size, ANSWERS.length);
  });

  it('is kept when it is sane, also in problems', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const id of ['a', 'A-b_c.9', '0'.repeat(128)]) {
      for (const url of ANSWERS) {
        const answer = await app.inject({ url, headers: { 'x-request-id': id } });
        assert.equal(answer.headers['x-request-id'], id, url);
      }
      const problem = await app.inject({ url: '/nowhere', headers: { 'x-request-id': id } });
      assert.equal(problem.json().request_id, id);
    }
  });

  it('is replaced when it is not', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const id of ['', ' ', 'a b', '0'.repeat(129), 'a,b', '<script>', 'é', '"x"', '{"a":1}']) {
      const answer = await app.inject({ url: '/health', headers: { 'x-request-id': id } });
      assert.match(String(answer.headers['x-request-id']), UUID, id);
    }
  });
});

describe('security headers', () => {
  it('are on every answer, and none says what serves it', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const url of ANSWERS) {
      const { headers } = await app.inject(url);
      assert.equal(headers['x-content-type-options'], 'nosniff', url);
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
      assert.equal(headers['strict-transport-security'], 'max-age=31536000');
      assert.equal(headers.server, undefined);
      assert.equal(headers['x-powered-by'], undefined);
    }
  });

  it('speak of https only where PUBLIC_URL does', async () => {
    for (const publicUrl of [null, 'http://localhost:8000']) {
      await using wire = buildWireApp({ server: { publicUrl } });
      const { app } = wire;
      for (const url of ANSWERS) {
        assert.equal((await app.inject(url)).headers['strict-transport-security'], undefined);
      }
    }
  });
});

describe('errors', () => {
  it('are never kept by caches', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    for (const url of ['/nowhere', '/%zz', '/api/v1/auth/token', '/docs/nothing.js']) {
      assert.equal((await app.inject(url)).headers['cache-control'], 'no-store', url);
    }
  });
});
