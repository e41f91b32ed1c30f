import assert from 'node:assert/strict';
import type { UserSession } from '#identity';
import type { TestDatabase } from '../../support/databases.ts';
import { buildTestApp, type TestApp, type TestAppOptions } from './build-test-app.ts';
import { SERVER } from './build-wire-app.ts';
import type { PeopleRooms } from './people-rooms.ts';

export const USERS = `${SERVER.rootPath}/auth/users`;
export const ISSUER = `${SERVER.publicUrl}/auth/v1`;
export const PASSWORD = 'correct horse battery staple';

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface PersonRequest {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly payload?: string | Buffer;
  readonly type?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ip?: string;
}

export interface PeopleApp extends TestApp {
  readonly people: PeopleRooms;
  readonly database: TestDatabase;
  /** A request below `/auth/users`, as in `POST /login`. */
  ask(on: `${Method} /${string}`, request?: PersonRequest): ReturnType<typeof send>;
  /** A request anywhere. */
  send(method: string, url: string, request?: PersonRequest): ReturnType<typeof send>;
  /** Registers a person, where accounts confirm themselves. */
  signUp(email?: string, names?: Readonly<Record<string, string>>): Promise<UserSession>;
  /** One more session of a person. */
  logIn(email?: string, password?: string): Promise<UserSession>;
}

export const ADA = 'ada@example.com';

/** The real rooms with people in them, on a database that has the role of newcomers. */
export async function buildPeopleApp(
  database: TestDatabase,
  { people = {}, ...options }: TestAppOptions = {},
): Promise<PeopleApp> {
  const app = await buildTestApp(database, { ...options, people });
  assert.ok(app.people !== null);
  await app.rbac.ensureBuiltIns();
  const ask: PeopleApp['ask'] = (on, request) => {
    const [method = '', path = ''] = on.split(' ');
    return send(app, method, USERS + path, request);
  };
  return {
    ...app,
    people: app.people,
    database,
    ask,
    send: (method, url, request) => send(app, method, url, request),
    async signUp(email = ADA, names = {}) {
      const answer = await ask('POST /register', { body: { email, password: PASSWORD, ...names } });
      assert.equal(answer.statusCode, 201, answer.body);
      return answer.json().session;
    },
    async logIn(email = ADA, password = PASSWORD) {
      const answer = await ask('POST /login', { body: { email, password } });
      assert.equal(answer.statusCode, 200, answer.body);
      return answer.json();
    },
  };
}

function send({ app }: TestApp, method: string, url: string, request: PersonRequest = {}) {
  const { body, token, ip } = request;
  const payload = body === undefined ? request.payload : JSON.stringify(body);
  const type = request.type ?? (payload === undefined ? undefined : 'application/json');
  return app.inject({
    method: method as Method,
    url,
    headers: {
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...request.headers,
    },
    ...(payload === undefined ? {} : { payload }),
    ...(ip === undefined ? {} : { remoteAddress: ip }),
  });
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
