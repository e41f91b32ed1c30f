import {
  type AuthError,
  GoTrueAdminApi,
  GoTrueClient,
  type Session as GotrueSession,
  isAuthError,
} from '@supabase/auth-js';
import { ServiceError } from '#errors';
import type { Device } from '../types.ts';
import type { Answer } from './answer.ts';
import type { SupabaseDependencies, SupabaseSettings } from './dependencies.ts';
import { isPublishableKey, isSecretKey } from './key-kinds.ts';
import { Refusal } from './refusal.ts';
import { requireAnswer } from './shapes.ts';
import { createTransport, type Transport } from './transport.ts';

type Result<T> =
  | { readonly data: T; readonly error: null }
  | { readonly data: unknown; readonly error: AuthError };

export interface Gotrue {
  /** As anybody. @throws Refusal; ServiceError `identity_unavailable`. */
  ask<T>(device: Device | undefined, work: (auth: GoTrueClient) => Promise<Result<T>>): Promise<T>;
  /** As the person whose access token it is. */
  askAs<T>(accessToken: string, work: (auth: GoTrueClient) => Promise<Result<T>>): Promise<T>;
  /** As the service. @param isSafe whether the request may be sent twice */
  administer<T>(isSafe: boolean, work: (api: GoTrueAdminApi) => Promise<Result<T>>): Promise<T>;
  /** JSON from a path that `@supabase/auth-js` has no verb for. */
  read(path: string, as: 'anybody' | 'service'): Promise<unknown>;
  /** See `Transport`. */
  clockAheadMs(): number;
}

const SESSION_KEY = 'one-request';
/** Far enough for the client never to think of refreshing it. */
const FAR_FUTURE_SECONDS = 100_000_000_000;
const STATELESS = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } as const;
/** What may be sent twice: the answer to a refresh that was lost is given again for the same token. */
const SAFE = /^(?:GET .*|POST \/token\?grant_type=refresh_token|POST \/logout\?.*)$/;

/**
 * GoTrue by its own client. Each request has a client of its own, made for it and thrown away: no session is ever in the
 * reach of another person's request.
 */
export function createGotrue(dependencies: SupabaseDependencies): Gotrue {
  const { serviceRoleKey, url } = dependencies.settings;
  const base = `${url}/auth/v1`;
  const transport = createTransport(dependencies);
  const asAnybody = headersForAnybody(dependencies.settings);
  const asService = { apikey: serviceRoleKey, Authorization: `Bearer ${serviceRoleKey}` };

  return {
    ask: (device, work) =>
      exchange(transport, { base, device }, (fetch) =>
        work(
          new GoTrueClient({ ...STATELESS, url: base, headers: asAnybody, fetch, skipAutoInitialize: true }),
        ),
      ),

    askAs: (accessToken, work) =>
      exchange(transport, { base }, (fetch) =>
        work(
          new GoTrueClient({
            ...STATELESS,
            ...holding(accessToken),
            ...{ url: base, headers: asAnybody, fetch, skipAutoInitialize: true },
          }),
        ),
      ),

    administer: (isSafe, work) =>
      exchange(transport, { base, isSafe }, (fetch) =>
        work(new GoTrueAdminApi({ url: base, headers: asService, fetch })),
      ),

    clockAheadMs: transport.clockAheadMs,

    async read(path, as) {
      const headers = as === 'service' ? asService : asAnybody;
      const answer = await transport.send(path, { method: 'GET', headers, isSafe: true });
      return bodyOf(answer);
    },
  };
}

/**
 * Supabase takes the address of the caller (`Sb-Forwarded-For`) from nobody but the holder of a secret key. Such a key
 * is no JWT: its gateway puts one in the place of an Authorization that is not there.
 */
function headersForAnybody({ anonKey, serviceRoleKey }: SupabaseSettings): Record<string, string> {
  if (isSecretKey(serviceRoleKey)) return { apikey: serviceRoleKey };
  return { apikey: anonKey, ...(isPublishableKey(anonKey) ? {} : { Authorization: `Bearer ${anonKey}` }) };
}

interface Terms {
  readonly base: string;
  readonly device?: Device | undefined;
  readonly isSafe?: boolean;
}

/**
 * The client takes what is thrown in its `fetch`, every 5xx, and what it cannot read, for a reason to try again for half
 * a minute; and some refusals lose their code in it. So it is never shown one: it gets a plain refusal, and what was
 * said is thrown when it is done.
 */
async function exchange<T>(
  transport: Transport,
  { base, device, isSafe }: Terms,
  work: (fetch: typeof globalThis.fetch) => Promise<Result<T>>,
): Promise<T> {
  let fault: unknown;
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const { method = 'GET' } = init;
    const path = String(input).slice(base.length);
    try {
      const answer = await transport.send(path, {
        method,
        headers: init.headers as Record<string, string>,
        body: init.body as string | undefined,
        device,
        isSafe: isSafe ?? SAFE.test(`${method} ${path}`),
      });
      requireAnswer(method, path, bodyOf(answer));
      return new Response(answer.body === '' ? null : answer.body, answer);
    } catch (error) {
      fault = error;
    }
    return new Response('{}', { status: 400 });
  };
  const result = await settle(work(fetch));
  if (fault !== undefined) throw fault;
  if (result.error === null) return result.data as T;
  const { status = 0, code = '', message } = result.error;
  throw new Refusal(status, code, message, null);
}

/** @throws Refusal */
function bodyOf({ status, headers, body }: Answer): unknown {
  const parsed: unknown = body === '' ? null : JSON.parse(body);
  if (status >= 400) throw Refusal.of(status, parsed, headers.get('retry-after'));
  return parsed;
}

/** Some of its verbs throw what others return. */
async function settle<T>(work: Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work;
  } catch (error) {
    if (isAuthError(error)) return { data: null, error };
    throw new ServiceError('internal', undefined, { cause: error });
  }
}

/** A store that has held this person's session from the beginning, and forgets what it is told. */
function holding(accessToken: string) {
  const session: Partial<GotrueSession> = {
    access_token: accessToken,
    refresh_token: '-',
    token_type: 'bearer',
    expires_at: FAR_FUTURE_SECONDS,
  };
  const text = JSON.stringify({ ...session, user: {} });
  const storage = {
    getItem: (key: string) => (key === SESSION_KEY ? text : null),
    setItem: () => undefined,
    removeItem: () => undefined,
  };
  return { persistSession: true, storageKey: SESSION_KEY, storage };
}
