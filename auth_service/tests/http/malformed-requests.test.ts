import assert from 'node:assert/strict';
import { request } from 'node:http';
import { it } from 'node:test';
import type { HttpApp } from '#http';
import { describeOnEachDatabase } from '../support/databases.ts';
import { buildTestApp, TOKEN_PATH } from './support/build-test-app.ts';
import type { WireApp } from './support/build-wire-app.ts';
import { createMalformedRequests, type MalformedRequest } from './support/malformed-requests.ts';
import { buildPeopleApp, USERS } from './support/people-app.ts';
import { listen } from './support/raw-connection.ts';

const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ['POST', TOKEN_PATH],
  ['GET', '/.well-known/oauth-authorization-server'],
  ['GET', '/.well-known/jwks.json'],
  ['GET', '/health'],
  ['GET', '/health/live'],
  ['GET', '/health/ready'],
  ['GET', '/openapi.json'],
  ['GET', '/docs'],
  ['GET', '/docs/start.js'],
];
const PEOPLE_PUBLIC = [
  ['POST', '/register'],
  ['POST', '/login'],
  ['POST', '/token/refresh'],
] as const;
const PEOPLE_SIGNED_IN = [
  ['POST', '/logout'],
  ['PUT', '/password/update'],
  ['POST', '/password/update'],
  ['GET', '/me'],
  ['PUT', '/me'],
  ['PATCH', '/me'],
  ['DELETE', '/me'],
  ['GET', '/me/sessions'],
  ['DELETE', '/me/sessions/0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a13'],
] as const;
const PEOPLE_NAMES = [
  'email',
  'password',
  'username',
  'first_name',
  'last_name',
  'refresh_token',
  'scope',
  'new_password',
  'current_password',
];
/** A body behind these would be read as the next request. */
const BODYLESS = ['GET', 'HEAD', 'TRACE'];
const REQUESTS_PER_ROUTE = 300;
const BY_SOCKET_PER_ROUTE = 40;
const REQUESTS_PER_ROUTE_OF_PEOPLE = 150;

describeOnEachDatabase('malformed requests', (open) => {
  for (const [index, [method, path]] of ROUTES.entries()) {
    it(`to ${method} ${path} are the caller's fault, every one`, async () => {
      await using app = await buildTestApp(await open());
      const make = createMalformedRequests(index + 1);
      const { port } = await listen(app.app);
      for (let count = 0; count < REQUESTS_PER_ROUTE; count += 1) {
        const malformed = make(method, path);
        const answer =
          count < BY_SOCKET_PER_ROUTE ? await overSocket(port, malformed) : await inject(app.app, malformed);
        const told = `${count}: ${malformed.method} ${malformed.url.slice(0, 80)} ${JSON.stringify(malformed.headers).slice(0, 200)}`;
        assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for ${told}`);
        assert.ok(answer.requestId, told);
      }
      assert.deepEqual(brokenIn(app), []);
    });
  }

  it('to the routes of people are the caller’s fault, every one', async () => {
    await using app = await buildPeopleApp(await open());
    const { port } = await listen(app.app);
    for (const [index, [method, path]] of [...PEOPLE_PUBLIC, ...PEOPLE_SIGNED_IN].entries()) {
      const make = createMalformedRequests(100 + index, PEOPLE_NAMES);
      for (let count = 0; count < REQUESTS_PER_ROUTE_OF_PEOPLE; count += 1) {
        const malformed = mostlyJson(make(method, USERS + path), count);
        const answer =
          count < BY_SOCKET_PER_ROUTE ? await overSocket(port, malformed) : await inject(app.app, malformed);
        const told = `${count}: ${malformed.method} ${malformed.url.slice(0, 80)}`;
        assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for ${told}`);
        assert.ok(answer.requestId, told);
      }
    }
    assert.deepEqual(brokenIn(app), []);
  });

  it('of a person who is signed in break nothing', async () => {
    await using app = await buildPeopleApp(await open());
    const newToken = async () => (await app.signUp(`${crypto.randomUUID()}@example.com`)).access_token;
    let token = await newToken();
    for (const [index, [method, path]] of PEOPLE_SIGNED_IN.entries()) {
      const make = createMalformedRequests(200 + index, PEOPLE_NAMES);
      for (let count = 0; count < REQUESTS_PER_ROUTE_OF_PEOPLE; count += 1) {
        const malformed = mostlyJson(make(method, USERS + path), count);
        const headers = { ...malformed.headers, authorization: `Bearer ${token}` };
        const answer = await inject(app.app, { ...malformed, headers });
        const told = `${count}: ${malformed.method} ${malformed.url.slice(0, 80)}`;
        assert.ok(answer.status < 500, `${answer.status} for ${told}`);
        assert.ok(answer.requestId, told);
        // Logged out, or the account deleted: what is right is done.
        if (answer.status === 401) token = await newToken();
      }
    }
    assert.deepEqual(brokenIn(app), []);
  });
});

function brokenIn(app: WireApp): unknown[] {
  return app.logged().filter(({ level }) => level === 'ERROR');
}

/** Most of what is no JSON ends at its type; here it is to get further. */
function mostlyJson(malformed: MalformedRequest, count: number): MalformedRequest {
  if (count % 4 === 0) return malformed;
  return { ...malformed, headers: { ...malformed.headers, 'content-type': 'application/json' } };
}

async function inject(app: HttpApp, { method, url, headers, payload }: MalformedRequest) {
  const answer = await app.inject({ method: method as 'GET', url, headers, ...(payload && { payload }) });
  return { status: answer.statusCode, requestId: answer.headers['x-request-id'] };
}

/** What a socket cannot carry at all (control characters in a header) is left out there. */
function overSocket(port: number, { method, url, headers, payload }: MalformedRequest) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; requestId: unknown }>();
  const sendable = Object.entries(headers).filter(([, value]) => !/[^\x20-\x7e]/.test(value));
  const path = encodeURI(url).replaceAll('%25', '%');
  const sent = request({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: Object.fromEntries(sendable),
    agent: false,
  });
  sent.on('response', (answer) => {
    answer.resume();
    answer.on('end', () =>
      resolve({ status: answer.statusCode ?? 0, requestId: answer.headers['x-request-id'] }),
    );
  });
  sent.on('error', reject);
  if (!BODYLESS.includes(method)) sent.end(payload);
  else sent.end();
  return promise;
}
