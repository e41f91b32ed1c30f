/** What an administrator of other-server.ts can do: only what the demo asks for, and the flaws that concern it. */
import { randomUUID } from 'node:crypto';
import type { OtherPeople } from './other-people.ts';
import { makeSecret, type OtherState, permissionsOf } from './other-state.ts';

export type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];

export interface Actor {
  readonly id: string;
  readonly permissions: readonly string[];
}

interface Asked {
  readonly by: Actor;
  /** What the path names, and what of that. */
  readonly name: string;
  readonly link: string;
  readonly query: URLSearchParams;
  readonly ifMatch: string | undefined;
  readonly body: Record<string, unknown>;
}

interface Verb {
  readonly needs: string;
  readonly does: (asked: Asked) => Answer;
}

interface Parts {
  readonly state: OtherState;
  readonly people: OtherPeople;
}

type Handlers = Record<string, Verb['does']>;

const DONE: Answer = [200, {}];
const MADE: Answer = [201, {}];

export function createOtherVerbs(flaws: readonly string[], parts: Parts): Readonly<Record<string, Verb>> {
  const roles = roleVerbs(flaws, parts.state);
  const clients = clientVerbs(flaws, parts.state);
  const users = userVerbs(flaws, parts.people);
  const events: Record<string, string>[] = [];

  /** Tells the audit what was done, once it was. */
  function told(action: string, does: Verb['does']): Verb['does'] {
    return (asked) => {
      const answer = does(asked);
      const actor = flaws.includes('names-another-actor') ? asked.name : asked.by.id;
      if (answer[0] < 300) events.unshift({ action, actor, subject: asked.name });
      return answer;
    };
  }

  function readAudit({ query }: Asked): Answer {
    const found = events.filter((event) => [...query].every(([key, value]) => event[key] === value));
    return [200, { items: found.map(({ actor }) => ({ actor: { id: actor } })) }];
  }

  // biome-ignore format: a table is read by its columns.
  return {
    'POST /permissions':                       { needs: 'permissions:write', does: () => MADE },
    'GET /roles':                              { needs: 'roles:read',        does: () => DONE },
    'POST /roles':                             { needs: 'roles:write',       does: roles.create },
    'GET /roles/{name}':                       { needs: 'roles:read',        does: roles.show },
    'PUT /roles/{name}':                       { needs: 'roles:write',       does: roles.write },
    'POST /roles/{name}/permissions':          { needs: 'roles:write',       does: roles.give },
    'DELETE /roles/{name}/permissions/{link}': { needs: 'roles:write',       does: told('permission.removed', roles.take) },
    'GET /clients':                            { needs: 'clients:read',      does: () => DONE },
    'POST /clients':                           { needs: 'clients:write',     does: clients.create },
    'POST /clients/{name}/roles':              { needs: 'clients:write',     does: clients.give },
    'GET /clients/{name}/secrets':             { needs: 'clients:read',      does: clients.secrets },
    'POST /clients/{name}/secrets':            { needs: 'clients:write',     does: told('client.secret_added', clients.addSecret) },
    'DELETE /clients/{name}/secrets/{link}':   { needs: 'clients:write',     does: clients.removeSecret },
    'POST /users/{name}/roles':                { needs: 'users:write',       does: users.give },
    'DELETE /users/{name}/roles/{link}':       { needs: 'users:write',       does: users.take },
    'GET /audit':                              { needs: 'audit:read',        does: readAudit },
  };
}

export function covers({ permissions }: Actor, permission: string): boolean {
  return permissions.includes(permission) || permissions.includes('role:admin_manage');
}

export function refusal(status: number, code: string): Answer {
  return [status, { code }];
}

function roleVerbs(flaws: readonly string[], state: OtherState) {
  const tags = new Map<string, string>();

  function setPermissions(role: string, change: (now: readonly string[]) => string[]): void {
    state.change(({ roles }) => {
      roles[role] = change(roles[role] ?? []);
    });
  }

  function show({ name }: Asked): Answer {
    const tag = tags.get(name) ?? `"${randomUUID()}"`;
    tags.set(name, tag);
    return [200, {}, { ETag: tag }];
  }

  return {
    show,
    create({ body }) {
      setPermissions(String(body.name), () => []);
      return MADE;
    },
    write(asked) {
      const isStale = asked.ifMatch !== tags.get(asked.name);
      if (isStale && !flaws.includes('overwrites')) return refusal(412, 'precondition_failed');
      tags.delete(asked.name);
      return show(asked);
    },
    give({ name, body }) {
      setPermissions(name, (now) => [...now, String(body.permission)]);
      return MADE;
    },
    take({ name, link }) {
      setPermissions(name, (now) => now.filter((permission) => permission !== link));
      return DONE;
    },
  } satisfies Handlers;
}

function clientVerbs(flaws: readonly string[], state: OtherState) {
  /** Who writes must hold all that is carried before and after. */
  function mayWrite(by: Actor, roles: readonly string[]): boolean {
    const carried = permissionsOf(state.read(), roles);
    return carried.every((permission) => covers(by, permission)) || flaws.includes('lets-climb');
  }

  const refused = () => refusal(403, 'exceeds_own_rights');
  const rolesOf = (id: string) => state.read().clients[id]?.roles ?? [];
  const secretsOf = (id: string) => state.read().clients[id]?.secrets ?? [];

  return {
    create({ by, body }) {
      const roles = body.assigned_roles as string[];
      if (!mayWrite(by, roles)) return refused();
      const [id, secret] = [randomUUID(), makeSecret()];
      state.change(({ clients }) => {
        clients[id] = { secrets: [secret], roles, lifetimeSeconds: 900 };
      });
      return [201, { client_id: id, client_secret: secret.text }];
    },
    give({ by, name, body }) {
      const role = String(body.role);
      if (!mayWrite(by, [...rolesOf(name), role])) return refused();
      state.change(({ clients }) => clients[name]?.roles.push(role));
      return MADE;
    },
    secrets: ({ name }) => [200, { items: secretsOf(name).map(({ id }) => ({ id })) }],
    addSecret({ by, name }) {
      if (!mayWrite(by, rolesOf(name))) return refused();
      const { id, text } = makeSecret();
      state.change(({ clients }) => clients[name]?.secrets.push({ id, text }));
      return [201, { id, client_secret: text }];
    },
    removeSecret({ by, name, link }) {
      if (!mayWrite(by, rolesOf(name))) return refused();
      if (flaws.includes('keeps-removed-secrets')) return DONE;
      state.change(({ clients }) => {
        const client = clients[name];
        if (client !== undefined) client.secrets = client.secrets.filter(({ id }) => id !== link);
      });
      return DONE;
    },
  } satisfies Handlers;
}

function userVerbs(flaws: readonly string[], people: OtherPeople) {
  return {
    give({ name, body }) {
      people.changeRoles(name, (now) => [...now, String(body.role)]);
      return MADE;
    },
    take({ name, link }) {
      const isLast = link === 'admin' && people.countOf('admin') === 1;
      if (isLast && !flaws.includes('lets-the-last-administrator-go'))
        return refusal(409, 'last_administrator');
      people.changeRoles(name, (now) => now.filter((role) => role !== link));
      return DONE;
    },
  } satisfies Handlers;
}
