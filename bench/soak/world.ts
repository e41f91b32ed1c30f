import type { Answer, Send } from './request.ts';

/** Kept at most of each: what is asked about stays among what is warm, as in a fleet. */
const CLIENTS = 60;
const PEOPLE = 120;
const TOKENS = 500;

export interface Client {
  readonly id: string;
  readonly basic: string;
}

export interface Token {
  readonly text: string;
  readonly id: string;
  readonly owner: Client;
  /** When it was acknowledged as revoked. */
  revokedAt: number | null;
  isBeingRevoked: boolean;
}

export interface Person {
  readonly id: string;
  readonly email: string;
  password: string;
  accessToken: string | null;
  refreshToken: string | null;
}

/** What the callers know of those they ask for: only what was acknowledged. */
export interface World {
  readonly administrator: string;
  readonly role: string;
  readonly clients: Pool<Client>;
  /** Made, and never used: to be given a role, then switched off. */
  readonly spare: Pool<Client>;
  /** Switched off, and when. */
  readonly off: Pool<{ client: Client; at: number }>;
  readonly tokens: Pool<Token>;
  readonly revoked: Pool<Token>;
  /** Those of whom nobody asks anything at the moment. */
  readonly people: Pool<Person>;
  /** Whose newest password was acknowledged. */
  readonly changed: Map<string, Person>;
}

export interface Pool<T> {
  add(item: T): void;
  /** One by chance, which stays. */
  pick(): T | undefined;
  /** One by chance, which goes. */
  take(): T | undefined;
}

function createPool<T>(atMost: number): Pool<T> {
  const items: T[] = [];
  const chance = () => Math.floor(Math.random() * items.length);
  return {
    add(item) {
      if (items.length < atMost) items.push(item);
      else items[chance()] = item;
    },
    pick: () => items[chance()],
    take() {
      const index = chance();
      const [taken] = items.splice(index, 1);
      return taken;
    },
  };
}

export async function buildWorld(
  send: Send,
  administrator: { email: string; password: string },
): Promise<World> {
  const { access_token } = await good(send('/users/login', { json: administrator }));
  const as = `Bearer ${access_token}`;
  const role = 'soaked';
  await good(send('/admin/roles', { as, json: { name: role } }));
  const world: World = {
    administrator: as,
    role,
    clients: createPool(CLIENTS),
    spare: createPool(CLIENTS),
    off: createPool(CLIENTS),
    tokens: createPool(TOKENS),
    revoked: createPool(TOKENS),
    people: createPool(PEOPLE),
    changed: new Map(),
  };
  for (let n = 0; n < 10; n += 1) {
    const body = await good(send('/admin/clients', { as, json: { client_name: `Beginner ${n}` } }));
    world.clients.add(clientOf(body));
  }
  return world;
}

export function clientOf({ client_id, client_secret }: { client_id: string; client_secret: string }): Client {
  return { id: client_id, basic: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` };
}

async function good(asked: Promise<Answer>): Promise<Answer['body']> {
  const { status, body, fault } = await asked;
  if (status >= 200 && status < 300) return body;
  throw new Error(`answered ${status}: ${fault ?? JSON.stringify(body)}`);
}
