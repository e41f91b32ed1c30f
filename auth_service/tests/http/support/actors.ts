import assert from 'node:assert/strict';
import type { UserSession } from '#identity';
import type { Authority } from '#rbac';
import type { TestDatabase } from '../../support/databases.ts';
import type { TestAppOptions } from './build-test-app.ts';
import { SERVER } from './build-wire-app.ts';
import { buildPeopleApp, type PeopleApp, type PersonRequest } from './people-app.ts';
import { postToken } from './token-requests.ts';

const ADMIN_PATH = `${SERVER.rootPath}/auth/admin`;
const SYSTEM: Authority = { type: 'system', id: null };

/** Somebody with a session of their own, who acts through HTTP. */
export interface Actor {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  readonly session: UserSession;
}

export interface AdministeredApp extends PeopleApp {
  /** A request below `/auth/admin`, as in `GET /users`. */
  manage(
    actor: Pick<Actor, 'token'>,
    on: string,
    request?: Omit<PersonRequest, 'token'>,
  ): ReturnType<PeopleApp['ask']>;
  /** A new person who holds these permissions through a role of their own, beside the default one. */
  person(permissions?: readonly string[], email?: string): Promise<Actor>;
  /** A new person who holds `users:read` and `users:write`, and no more. */
  userAdministrator(): Promise<Actor>;
  administrator(email?: string): Promise<Actor>;
  /** The bearer of a new client that holds these permissions. */
  machine(permissions?: readonly string[]): Promise<Pick<Actor, 'id' | 'token'>>;
}

/** The real rooms, with people and machines who hold something, or nothing. */
export async function buildAdministeredApp(
  database: TestDatabase,
  options: TestAppOptions = {},
): Promise<AdministeredApp> {
  const app = await buildPeopleApp(database, options);
  let made = 0;

  async function roleWith(permissions: readonly string[]): Promise<string> {
    made += 1;
    const { name } = await app.rbac.roles.create(SYSTEM, { name: `holds-${made}` });
    for (const permission of permissions) await app.rbac.grantPermission(SYSTEM, name, permission);
    return name;
  }

  async function personWith(role: string | null, email = `person-${made}@example.com`): Promise<Actor> {
    made += 1;
    const session = await app.signUp(email);
    const { id } = session.user;
    if (role !== null) await app.rbac.grantRoleToUser(SYSTEM, id, role);
    return { id, email, token: session.access_token, session };
  }

  const person = async (permissions: readonly string[] = [], email?: string) =>
    personWith(permissions.length === 0 ? null : await roleWith(permissions), email);

  return {
    ...app,
    manage: ({ token }, on, request = {}) => {
      const [method = '', path = ''] = on.split(' ');
      return app.send(method, ADMIN_PATH + path, { ...request, token });
    },
    person,
    userAdministrator: () => person(['users:read', 'users:write']),
    administrator: (email) => personWith('admin', email),
    async machine(permissions = []) {
      const roles = permissions.length === 0 ? [] : [await roleWith(permissions)];
      const { client, secret } = await app.oauth.clients.create(SYSTEM, { name: 'Machine', roles });
      const authorization = `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`;
      const payload = `grant_type=client_credentials&resource=${SERVER.publicUrl}`;
      const answer = await postToken(app, { authorization, payload });
      assert.equal(answer.statusCode, 200, answer.body);
      return { id: client.id, token: answer.json().access_token };
    },
  };
}

/** Status and code of an answer, as refusals are told apart. */
export function verdict(answer: { statusCode: number; json(): { code?: string } }): string {
  const { code } = answer.json();
  return code === undefined ? `${answer.statusCode}` : `${answer.statusCode} ${code}`;
}
