import assert from 'node:assert/strict';
import { type Agent, request } from 'node:http';
import { ADMINISTRATOR, PUBLIC_URL } from '../support/replicas.ts';

const API = '/api/v1/auth';
const PASSWORD = 'correct horse battery staple';
/** Longer than any bound of the product: who waits this long waits for ever. */
const PATIENCE_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered; assertions look at it.
  readonly body: any;
  readonly tookMs: number;
}

export interface AskOptions {
  readonly token?: string;
  readonly basic?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
  /** An address of this machine, which the other side sees. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** One request, as in `ask(url, 'POST /token')`; a connection of its own unless an agent is given. Never tried twice. */
export function ask(base: string, on: string, options: AskOptions = {}): Promise<Answer> {
  const [method = '', path = ''] = on.split(' ');
  const { token, basic, body, form, agent = false, from: localAddress } = options;
  const payload = form === undefined ? JSON.stringify(body) : new URLSearchParams(form).toString();
  const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
  const headers = {
    ...(payload === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(basic === undefined ? {} : { authorization: basic }),
    ...options.headers,
  };
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const url = path.startsWith('/health') ? base + path : base + API + path;
    const connection = {
      agent,
      timeout: PATIENCE_MS,
      ...(localAddress === undefined ? {} : { localAddress }),
    };
    const sent = request(url, { method, headers, ...connection }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: readBody(text),
          tookMs: performance.now() - startedAt,
        }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${on} in ${PATIENCE_MS} ms`)));
    sent.on('error', reject);
    sent.end(payload);
  });
}

/** A proxy's own answers are text. */
function readBody(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function askWell(base: string, on: string, options: AskOptions = {}): Promise<Answer['body']> {
  const { status, body } = await ask(base, on, options);
  assert.ok(status >= 200 && status < 300, `${on}: ${status} ${JSON.stringify(body)}`);
  return body;
}

export interface Client {
  readonly id: string;
  readonly basic: string;
}

/** What an administrator does with one replica or another. */
export interface Administrator {
  readonly token: string;
  makeClient(...roles: string[]): Promise<Client>;
  makePerson(): Promise<Person>;
}

export interface Person {
  readonly id: string;
  readonly token: string;
}

export const PERSONS_PASSWORD = PASSWORD;

export async function logInAdministrator(base: string): Promise<Administrator> {
  const { access_token: token } = await askWell(base, 'POST /users/login', { body: ADMINISTRATOR });
  return {
    token,
    async makeClient(...roles) {
      const body = { client_name: `Worker ${crypto.randomUUID()}`, assigned_roles: roles };
      const { client_id: id, client_secret } = await askWell(base, 'POST /admin/clients', { token, body });
      return { id, basic: `Basic ${Buffer.from(`${id}:${client_secret}`).toString('base64')}` };
    },
    async makePerson() {
      const email = `${crypto.randomUUID()}@example.com`;
      const body = { email, password: PASSWORD };
      const { session } = await askWell(base, 'POST /users/register', { body });
      return { id: session.user.id, token: session.access_token };
    },
  };
}

/** One for this API, which both this API and introspection take. */
export async function tokenOf(base: string, { basic }: Client): Promise<string> {
  return (await askForToken(base, basic)).body.access_token;
}

export function askForToken(base: string, basic: string, agent?: Agent): Promise<Answer> {
  const form = { grant_type: 'client_credentials', resource: PUBLIC_URL };
  return ask(base, 'POST /token', { basic, form, ...(agent === undefined ? {} : { agent }) });
}

/** The `jti` of a token that was issued, by which the audit knows it. */
export function identifierOf({ body }: Answer): string {
  const [, claims = ''] = String(body.access_token).split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString()).jti;
}

/** `503`, told when to come again, and in the time that the product promises. */
export function requireUnavailable(answer: Answer, withinMs: number): void {
  assert.equal(answer.status, 503, JSON.stringify(answer.body));
  assert.ok(Number(answer.headers['retry-after']) >= 1, 'Retry-After');
  assert.ok(answer.tookMs <= withinMs, `answered after ${answer.tookMs.toFixed(0)} ms`);
}
