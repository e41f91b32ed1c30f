import { randomUUID } from 'node:crypto';
import type { Ledger } from './ledger.ts';
import type { Answer, Send } from './request.ts';
import { clientOf, type Person, type World } from './world.ts';

/** From then on every replica has to know it, with Redis or without (design: 1 s with, 5 s without). */
const KNOWN_EVERYWHERE_MS = 6_000;
const GRANT = { grant_type: 'client_credentials' };

/** An answer, and whether it is right where the dependencies are there. */
export interface Done {
  readonly answer: Answer;
  readonly isRight: boolean;
}

/** Null: there is nothing yet that it could be done with. */
export type Deed = (send: Send) => Promise<Done> | null;

export interface Share {
  readonly name: string;
  /** Out of all shares. */
  readonly share: number;
  readonly deed: Deed;
}

/** The mixed load: mostly tokens, as in a fleet, and of everything else so much that each outage meets it. */
export function describeDeeds(world: World, ledger: Ledger): Share[] {
  return [
    { name: 'token', share: 40, deed: askForToken },
    { name: 'refused token', share: 8, deed: askInVain },
    { name: 'introspection', share: 22, deed: introspect },
    { name: 'revocation', share: 8, deed: revoke },
    { name: 'client made', share: 4, deed: makeClient },
    { name: 'role granted', share: 2, deed: grantRole },
    { name: 'client off', share: 1.5, deed: switchOff },
    { name: 'registration', share: 1.5, deed: register },
    { name: 'log-in', share: 2.5, deed: withPerson(logIn) },
    { name: 'refused log-in', share: 1, deed: withPerson(logInInVain) },
    { name: 'refresh', share: 8, deed: withPerson(refresh) },
    { name: 'password change', share: 1, deed: withPerson(changePassword) },
  ];

  function askForToken(send: Send) {
    const client = world.clients.pick();
    if (client === undefined) return null;
    return judge(send('/token', { as: client.basic, json: GRANT }), 200, ({ access_token: text }) => {
      const id = tokenId(text);
      ledger.acknowledge('audit event', `token.issued ${id}`);
      world.tokens.add({ text, id, owner: client, revokedAt: null, isBeingRevoked: false });
    });
  }

  /** With a wrong secret, or as a client that was switched off. */
  function askInVain(send: Send) {
    const off = world.off.pick();
    const client = off !== undefined && isLongAgo(off.at) ? off.client : world.clients.pick();
    if (client === undefined) return null;
    const as = client === off?.client ? client.basic : `Basic ${btoa(`${client.id}:wrong`)}`;
    return judge(send('/token', { as, json: GRANT }), 401);
  }

  async function introspectOne(send: Send, token: NonNullable<ReturnType<World['tokens']['pick']>>) {
    const mustBeOff = token.revokedAt !== null && isLongAgo(token.revokedAt);
    const answer = await send('/introspect', { as: token.owner.basic, json: { token: token.text } });
    const mustBeOn = !token.isBeingRevoked;
    const isActive = answer.body?.active === true;
    const isRight = answer.status === 200 && !(mustBeOff && isActive) && !(mustBeOn && !isActive);
    return { answer, isRight };
  }

  function introspect(send: Send) {
    const token = Math.random() < 0.5 ? world.revoked.pick() : world.tokens.pick();
    return token === undefined ? null : introspectOne(send, token);
  }

  function revoke(send: Send) {
    const token = world.tokens.take();
    if (token === undefined) return null;
    token.isBeingRevoked = true;
    return judge(send('/revoke', { as: token.owner.basic, json: { token: token.text } }), 200, () => {
      ledger.acknowledge('revocation', token.id);
      ledger.acknowledge('audit event', `token.revoked ${token.id}`);
      token.revokedAt = performance.now();
      world.revoked.add(token);
    });
  }

  function makeClient(send: Send) {
    const json = { client_name: `Worker ${randomUUID()}` };
    return judge(send('/admin/clients', { as: world.administrator, json }), 201, (body) => {
      const client = clientOf(body);
      ledger.acknowledge('client', client.id);
      ledger.acknowledge('audit event', `client.created ${client.id}`);
      (Math.random() < 0.3 ? world.clients : world.spare).add(client);
    });
  }

  function grantRole(send: Send) {
    const client = world.spare.take();
    if (client === undefined) return null;
    const json = { role: world.role };
    return judge(send(`/admin/clients/${client.id}/roles`, { as: world.administrator, json }), 201, () => {
      ledger.acknowledge('role grant', `${client.id} ${world.role}`);
      ledger.acknowledge('audit event', `role.granted ${client.id}`);
    });
  }

  function switchOff(send: Send) {
    const client = world.spare.take();
    if (client === undefined) return null;
    const asked = { as: world.administrator, method: 'PATCH', json: { is_active: false } } as const;
    return judge(send(`/admin/clients/${client.id}`, asked), 200, () => {
      ledger.acknowledge('client deactivated', client.id);
      ledger.acknowledge('audit event', `client.updated ${client.id}`);
      world.off.add({ client, at: performance.now() });
    });
  }

  function register(send: Send) {
    const person = { email: `${randomUUID()}@soak.example`, password: `Kettle-${randomUUID()}` };
    return judge(send('/users/register', { json: person }), 201, ({ session }) => {
      const { id } = session.user;
      ledger.acknowledge('registration', id);
      ledger.acknowledge('audit event', `user.registered ${id}`);
      world.people.add({ ...person, id, accessToken: null, refreshToken: null });
    });
  }

  /**
   * Of one person nothing is asked twice at a time: whose refresh token is used up would be a matter of luck. Who has no
   * session, as after an answer that did not come, logs in instead.
   */
  function withPerson(deed: (send: Send, person: Person) => Promise<Done | null>): Deed {
    return (send) => {
      const person = world.people.take();
      if (person === undefined) return null;
      return deed(send, person).then((done) => done ?? logIn(send, person));
    };
  }

  async function logIn(send: Send, person: Person): Promise<Done> {
    const { email, password } = person;
    const done = await judge(send('/users/login', { json: { email, password } }), 200, (session) =>
      rememberSession(person, session),
    );
    world.people.add(person);
    return done;
  }

  async function logInInVain(send: Send, person: Person): Promise<Done> {
    const done = await judge(send('/users/login', { json: { email: person.email, password: 'wrong' } }), 401);
    world.people.add(person);
    return done;
  }

  async function refresh(send: Send, person: Person): Promise<Done | null> {
    if (person.refreshToken === null) return null;
    const json = { refresh_token: person.refreshToken };
    // What becomes of it is known only from the answer.
    person.refreshToken = null;
    const done = await judge(send('/users/token/refresh', { json }), 200, (session) =>
      rememberSession(person, session),
    );
    world.people.add(person);
    return done;
  }

  async function changePassword(send: Send, person: Person): Promise<Done | null> {
    if (person.accessToken === null) return null;
    const password = `Lantern-${randomUUID()}`;
    const json = { current_password: person.password, new_password: password };
    const asked = { as: `Bearer ${person.accessToken}`, method: 'PUT', json } as const;
    world.changed.delete(person.id);
    const done = await judge(send('/users/password/update', asked), 200, () => {
      ledger.acknowledge('password change', person.id);
      person.password = password;
      world.changed.set(person.id, person);
      // Whose change was not acknowledged may have either password, and is asked nothing more.
      world.people.add(person);
    });
    return done;
  }
}

async function judge(
  asked: Promise<Answer>,
  expected: number,
  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer.
  done?: (body: any) => void,
): Promise<Done> {
  const answer = await asked;
  const isRight = answer.status === expected;
  if (isRight) done?.(answer.body);
  return { answer, isRight };
}

function rememberSession(person: Person, session: { access_token: string; refresh_token: string }): void {
  person.accessToken = session.access_token;
  person.refreshToken = session.refresh_token;
}

function isLongAgo(at: number): boolean {
  return performance.now() - at > KNOWN_EVERYWHERE_MS;
}

function tokenId(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
}
