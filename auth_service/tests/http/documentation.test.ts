import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildWireApp } from './support/build-wire-app.ts';

describe('/docs', () => {
  it('is a page whose every file comes from here', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const page = await app.inject('/docs');
    assert.equal(page.statusCode, 200);
    assert.match(String(page.headers['content-type']), /^text\/html/);
    const links = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link ?? '');
    assert.ok(links.length >= 4);
    for (const link of links) {
      assert.doesNotMatch(link, /^(https?:)?\/\//);
      const file = await app.inject(`/${link}`);
      assert.equal(file.statusCode, 200, link);
      assert.ok(file.rawPayload.length > 0);
    }
  });

  it('allows the browser nothing but these files and calls to the service', async () => {
    await using wire = buildWireApp({ server: { publicUrl: 'https://auth.example.com/base' } });
    const { app } = wire;
    const policy = String((await app.inject('/docs')).headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.match(policy, /connect-src 'self' https:\/\/auth\.example\.com;/);
    assert.doesNotMatch(policy, /unsafe|\*/);
  });

  it('has no script in the page itself', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const { body } = await app.inject('/docs');
    assert.doesNotMatch(body, /<script(?![^>]*\ssrc=)|\son\w+=|<style/);
  });

  it('serves no other file', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    const names = [
      '..%2f..%2fpackage.json',
      '%2e%2e%2fpackage.json',
      'index.html',
      'swagger-ui.css%00.js',
      '__proto__',
      'constructor',
      '%2fetc%2fpasswd',
      '..%5c..%5cx',
    ];
    for (const name of names) {
      const answer = await app.inject(`/docs/${name}`);
      assert.equal(answer.statusCode, 404, name);
      assert.equal(answer.json().code, 'not_found');
    }
  });

  it('is on in production too: it shows the public contract only', async () => {
    await using wire = buildWireApp({ settings: { environment: 'production' } });
    const { app } = wire;
    for (const url of ['/docs', '/openapi.json']) assert.equal((await app.inject(url)).statusCode, 200);
  });
});
