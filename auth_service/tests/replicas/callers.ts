import assert from 'node:assert/strict';
import { ADMINISTRATOR, PUBLIC_URL } from '../support/replicas.ts';

export const API = '/api/v1/auth';
export const PASSWORD = 'correct horse battery staple';

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `Basic …`, or a token. */
  readonly as?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered; assertions look at it.
  readonly body: any;
  readonly tookMs: number;
}

export interface Client {
  readonly id: string;
  readonly basic: string;
}

/** A request below /api/v1/auth of one replica. */
export async function ask(
  url: string,
  path: string,
  { method, as, form, json }: Asked = {},
): Promise<Answer> {
  const startedAt = performance.now();
  const answer = await fetch(`${url}${API}${path}`, {
    method: method ?? (form === undefined && json === undefined ? 'GET' : 'POST'),
    headers: {
      ...(as === undefined ? {} : { authorization: as.startsWith('Basic ') ? as : `Bearer ${as}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? null : JSON.parse(text),
    tookMs: performance.now() - startedAt,
  };
}

/** The body of an answer that has to be good. */
export async function get(url: string, path: string, asked: Asked = {}) {
  const answer = await ask(url, path, asked);
  assert.ok(answer.status < 300, `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export async function logIn(url: string, credentials: { email: string; password: string }) {
  return (await get(url, '/users/login', { json: credentials })) as {
    access_token: string;
    user: { id: string };
  };
}

export async function administratorAt(url: string): Promise<string> {
  return (await logIn(url, ADMINISTRATOR)).access_token;
}

/** A client that may do everything, the tokens of others included. */
export async function createClient(url: string, administrator: string, others: object = {}): Promise<Client> {
  const { client_id, client_secret } = await get(url, '/admin/clients', {
    as: administrator,
    json: { client_name: 'Worker', assigned_roles: ['admin'], ...others },
  });
  return { id: client_id, basic: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` };
}

export const CLIENT_CREDENTIALS = { grant_type: 'client_credentials', resource: PUBLIC_URL };

export const askForToken = (url: string, { basic }: Client): Promise<Answer> =>
  ask(url, '/token', { as: basic, form: CLIENT_CREDENTIALS });

export async function tokenOf(url: string, { basic }: Client): Promise<string> {
  return (await get(url, '/token', { as: basic, form: CLIENT_CREDENTIALS })).access_token;
}

let people = 0;

/** Registered and logged in. */
export async function signUp(url: string) {
  people += 1;
  const credentials = { email: `person${people}@example.com`, password: PASSWORD };
  const { session } = await get(url, '/users/register', { json: credentials });
  return { ...credentials, id: session.user.id as string, token: session.access_token as string };
}

/** What /auth/introspect says of it; a status where it says nothing. */
export async function introspect(url: string, watcher: Client, token: string): Promise<boolean | number> {
  const { status, body } = await ask(url, '/introspect', { as: watcher.basic, form: { token } });
  return status === 200 ? body.active : status;
}

/** What our own API says to who brings it. */
export async function present(url: string, path: string, token: string): Promise<number> {
  return (await ask(url, path, { as: token })).status;
}

/** /health: its status, and that of the answer. */
export async function health(url: string) {
  const answer = await fetch(`${url}/health`);
  const body = (await answer.json()) as {
    status: string;
    components: Record<'database' | 'redis', { status: string }>;
  };
  return { code: answer.status, ...body };
}
