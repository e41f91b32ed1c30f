/** What the story says over HTTP, and how an answer is put in a few words: "200", "403 insufficient_scope". */

export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

export interface TokenReply {
  readonly words: string;
  readonly token: string;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export type TokenCaller = (
  credentials: Credentials,
  parameters?: Record<string, string>,
) => Promise<TokenReply>;

/** `accessToken` and `refreshToken` are empty where the answer is no session. */
export interface PersonReply {
  readonly words: string;
  readonly body: Record<string, unknown>;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** @param on method and path below the routes for people: "POST /login". */
export type PeopleCaller = (
  on: `${'GET' | 'POST' | 'PATCH'} /${string}`,
  options: { readonly token?: string; readonly body?: Record<string, unknown> },
) => Promise<PersonReply>;

export type OrdersCaller = (token: string | null, method?: 'GET' | 'POST') => Promise<string>;

export function createTokenCaller(serverUrl: string): TokenCaller {
  return async ({ id, secret }, parameters = {}) => {
    // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    const response = await fetch(`${serverUrl}/api/v1/auth/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
    });
    const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    return {
      words: [response.status, body.error].filter(Boolean).join(' '),
      token: String(body.access_token ?? ''),
      body,
      headers: response.headers,
    };
  };
}

export function createPeopleCaller(serverUrl: string): PeopleCaller {
  return async (on, { token, body: sent }) => {
    const [method = '', path = ''] = on.split(' ');
    const response = await fetch(`${serverUrl}/api/v1/auth/users${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: sent === undefined ? null : JSON.stringify(sent),
    });
    const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    return {
      words: [response.status, body.code].filter(Boolean).join(' '),
      body,
      accessToken: String(body.access_token ?? ''),
      refreshToken: String(body.refresh_token ?? ''),
    };
  };
}

export function createOrdersCaller(ordersUrl: string): OrdersCaller {
  return async (token, method = 'GET') => {
    const response = await fetch(`${ordersUrl}/orders`, {
      method,
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      ...(method === 'POST' ? { body: JSON.stringify({ item: 'a book' }) } : {}),
    });
    const challenge = response.headers.get('www-authenticate') ?? '';
    return [
      response.status,
      /error="([^"]*)"/.exec(challenge)?.[1],
      /scope="([^"]*)"/.exec(challenge)?.[1],
      /error_description="([^"]*)"/.exec(challenge)?.[1]?.replace(/^/, '– '),
    ]
      .filter(Boolean)
      .join(' ');
  };
}
