/** What is asked of a running service, whatever way leads there. */
import { ADMINISTRATOR } from './environment.ts';

export interface Client {
  readonly client_id: string;
  readonly client_secret: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request; the answer's body has to be JSON. */
export type Ask = (
  path: string,
  request?: { headers?: Record<string, string>; body?: string },
) => Promise<Answer>;

export function tokenFor(ask: Ask, client: Client): Promise<Answer> {
  const credentials = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64');
  return ask('/api/v1/auth/token', {
    headers: {
      authorization: `Basic ${credentials}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  });
}

export function logIn(ask: Ask): Promise<Answer> {
  return ask('/api/v1/auth/users/login', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMINISTRATOR),
  });
}

/** From this machine. */
export function askAt(url: string): Ask {
  return async (path, { headers = {}, body } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
}
