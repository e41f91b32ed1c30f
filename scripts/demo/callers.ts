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

interface Answer {
  readonly words: string;
  readonly body: Record<string, unknown>;
}

/** `accessToken` and `refreshToken` are empty where the answer is no session. */
export interface PersonReply extends Answer {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** @param on method and path below the routes for people: "POST /login". */
export type PeopleCaller = (
  on: `${'GET' | 'POST' | 'PATCH'} /${string}`,
  options: { readonly token?: string; readonly body?: Record<string, unknown> },
) => Promise<PersonReply>;

/** `tag` is what a later `ifMatch` names; empty where the answer has none. */
export interface AdminReply extends Answer {
  readonly tag: string;
}

/** Method and path below the routes of administration: "POST /roles". */
export type AdminRoute = `${'GET' | 'POST' | 'PUT' | 'DELETE'} /${string}`;

export type AdminCaller = (
  on: AdminRoute,
  options: {
    readonly token: string;
    readonly body?: Record<string, unknown>;
    readonly ifMatch?: string;
  },
) => Promise<AdminReply>;

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
  return async (on, { token, body }) => {
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const answer = await askJson(`${serverUrl}/api/v1/auth/users`, on, { headers, body });
    return {
      words: answer.words,
      body: answer.body,
      accessToken: String(answer.body.access_token ?? ''),
      refreshToken: String(answer.body.refresh_token ?? ''),
    };
  };
}

export function createAdminCaller(serverUrl: string): AdminCaller {
  return async (on, { token, body, ifMatch }) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
    };
    const answer = await askJson(`${serverUrl}/api/v1/auth/admin`, on, { headers, body });
    return { words: answer.words, body: answer.body, tag: answer.headers.get('etag') ?? '' };
  };
}

async function askJson(
  base: string,
  on: string,
  { headers, body: sent }: { headers: Record<string, string>; body: Record<string, unknown> | undefined },
): Promise<Answer & { readonly headers: Headers }> {
  const [method = '', path = ''] = on.split(' ');
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { ...headers, ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: sent === undefined ? null : JSON.stringify(sent),
  });
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  return {
    words: [response.status, body.code].filter(Boolean).join(' '),
    body,
    headers: response.headers,
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
