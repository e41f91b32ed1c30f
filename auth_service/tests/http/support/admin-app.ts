import assert from 'node:assert/strict';
import type { TestDatabase } from '../../support/databases.ts';
import type { TestAppOptions } from './build-test-app.ts';
import { TOKEN_PATH } from './build-test-app.ts';
import { SERVER } from './build-wire-app.ts';
import { buildPeopleApp, type PeopleApp } from './people-app.ts';

export const ADMIN = `${SERVER.rootPath}/auth/admin`;
const TOKEN_AGE_MS = 1_800_000;
const SYSTEM = { type: 'system', id: null } as const;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface AdminRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: that of an administrator. */
  readonly token?: string | null;
}

export interface Somebody {
  readonly id: string;
  readonly token: string;
}

export interface AdminApp extends PeopleApp {
  /** A request below `/auth/admin`. */
  admin(on: `${Method} /${string}`, request?: AdminRequest): Promise<AdminAnswer>;
  /** A person with a role that holds these permissions, logged in. */
  personHolding(...permissions: string[]): Promise<Somebody>;
  /** A client with a role that holds these permissions, and its token for this API. */
  clientHolding(...permissions: string[]): Promise<Somebody & { readonly basic: string }>;
  /** A token of a client for this API. */
  tokenOf(basic: string, parameters?: Readonly<Record<string, string>>): Promise<string>;
}

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered; assertions look at it.
  readonly body: any;
}

/** The real rooms with an administrator in them. */
export async function buildAdminApp(database: TestDatabase, options: TestAppOptions = {}): Promise<AdminApp> {
  const app = await buildPeopleApp(database, options);
  const { rbac, oauth } = app;
  let people = 0;
  const roleHolding = async (permissions: readonly string[]) => {
    const { name } = await rbac.roles.create(SYSTEM, { name: `r${crypto.randomUUID()}` });
    for (const permission of permissions) {
      await rbac.permissions.create(SYSTEM, { name: permission }).catch(() => undefined);
      await rbac.grantPermission(SYSTEM, name, permission);
    }
    return name;
  };
  const personIn = async (role: string): Promise<Somebody> => {
    people += 1;
    const { user, access_token } = await app.signUp(`person${people}@example.com`);
    await rbac.grantRoleToUser(SYSTEM, user.id, role);
    return { id: user.id, token: access_token };
  };
  let administrator = { ...(await personIn('admin')), since: database.clock.now() };

  /** Tests move the clock; the administrator logs in again before the token expires. */
  async function administratorToken(): Promise<string> {
    const now = database.clock.now();
    if (now.getTime() - administrator.since.getTime() >= TOKEN_AGE_MS) {
      const { access_token: token } = await app.logIn('person1@example.com');
      administrator = { ...administrator, token, since: now };
    }
    return administrator.token;
  }

  async function tokenOf(basic: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> {
    const payload = new URLSearchParams({
      grant_type: 'client_credentials',
      resource: SERVER.publicUrl ?? '',
      ...parameters,
    }).toString();
    const headers = { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.app.inject({ method: 'POST', url: TOKEN_PATH, headers, payload });
    assert.equal(answer.statusCode, 200, answer.body);
    return answer.json().access_token;
  }

  return {
    ...app,
    tokenOf,
    async admin(on, { body, headers = {}, ...request } = {}) {
      const token = request.token === undefined ? await administratorToken() : request.token;
      const [method = '', path = ''] = on.split(' ');
      const answer = await app.app.inject({
        method: method as Method,
        url: ADMIN + path,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
    },
    personHolding: async (...permissions) => personIn(await roleHolding(permissions)),
    async clientHolding(...permissions) {
      const roles = [await roleHolding(permissions)];
      const { client, secret } = await oauth.clients.create(SYSTEM, { name: 'Worker', roles });
      const basic = `Basic ${Buffer.from(`${client.id}:${secret ?? ''}`).toString('base64')}`;
      return { id: client.id, basic, token: await tokenOf(basic) };
    },
  };
}
