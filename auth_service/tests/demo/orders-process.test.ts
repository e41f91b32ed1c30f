import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { openOrders } from './orders-stage.ts';

const FOLDER = join(import.meta.dirname, '../../../examples/orders-service');

function start(t: TestContext, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [join(FOLDER, 'src/main.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function refusal(
  t: TestContext,
  env: Record<string, string>,
): Promise<{ code: unknown; said: string }> {
  const child = start(t, env);
  const closed = once(child, 'close');
  const said = child.stderr === null ? '' : await text(child.stderr);
  const [code] = await closed;
  return { code, said };
}

test('without its settings it does not start, and names all that are missing', async (t) => {
  const none = await refusal(t, {});
  assert.equal(none.code, 1);
  assert.match(none.said, /JWKS_URL, ISSUER, AUDIENCE/);
  const one = await refusal(t, {
    JWKS_URL: 'http://127.0.0.1/',
    ISSUER: 'https://auth.example',
    AUDIENCE: '',
  });
  assert.equal(one.code, 1);
  assert.match(one.said, /Not set: AUDIENCE\./);
});

test('a JWKS_URL that is no URL is refused at start', async (t) => {
  const { code, said } = await refusal(t, { JWKS_URL: 'keys', ISSUER: 'x', AUDIENCE: 'y' });
  assert.equal(code, 1);
  assert.match(said, /JWKS_URL/);
});

test('people are taken with both of their settings or none, and never under the issuer of machines', async (t) => {
  const machines = { JWKS_URL: 'http://127.0.0.1/', ISSUER: 'https://auth.example', AUDIENCE: 'orders' };
  const half = await refusal(t, { ...machines, USER_ISSUER: 'https://auth.example/auth/v1' });
  assert.equal(half.code, 1);
  assert.match(half.said, /Not set: USER_JWKS_URL\./);
  const noUrl = await refusal(t, { ...machines, USER_ISSUER: 'x', USER_JWKS_URL: 'keys' });
  assert.equal(noUrl.code, 1);
  assert.match(noUrl.said, /USER_JWKS_URL is not a URL/);
  const same = { USER_ISSUER: machines.ISSUER, USER_JWKS_URL: machines.JWKS_URL };
  const mixed = await refusal(t, { ...machines, ...same });
  assert.equal(mixed.code, 1);
  assert.match(mixed.said, /ISSUER and USER_ISSUER are the same/);
});

test('a request under way is answered after SIGTERM, and then the process ends with 0', async (t) => {
  const { jwksUrl, keyServer, mint } = await openOrders(t);
  const child = start(t, {
    JWKS_URL: jwksUrl.href,
    ISSUER: 'https://auth.example',
    AUDIENCE: 'orders',
    PORT: '0',
  });
  const [line] = await once(child.stdout ?? assert.fail(), 'data');
  const url = /http:\S+/.exec(String(line))?.[0];
  // The key server answers only once the signal is on its way: the request is then surely under way.
  keyServer.answer = (_, response) => {
    child.kill('SIGTERM');
    setTimeout(() => response.end(JSON.stringify({ keys: keyServer.keys })), 100);
  };
  const closed = once(child, 'close');
  const reply = await fetch(`${url}/orders`, { headers: { Authorization: `Bearer ${mint()}` } });
  assert.equal(reply.status, 200);
  assert.deepEqual(await closed, [0, null]);
});

test('it depends on jose alone, and imports nothing of the authentication service', () => {
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'));
  assert.deepEqual(Object.keys(dependencies), ['jose']);
  for (const file of readdirSync(join(FOLDER, 'src'))) {
    const source = readFileSync(join(FOLDER, 'src', file), 'utf8');
    for (const [, target = ''] of source.matchAll(/from '([^']+)'/g))
      assert.match(target, /^(node:|jose$|\.\/[a-z-]+\.ts$)/, `${file} imports ${target}`);
  }
});
