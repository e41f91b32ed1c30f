import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, headerOf } from './call.ts';
import { createKeys } from './keys.ts';
import type { GotrueOptions } from './options.ts';

const OPEN_PATHS = ['/.well-known/jwks.json', '/verify', '/callback', '/authorize'];
const YEARS_SECONDS = 10 * 365 * 86_400;
const SHORT_SECONDS = 60;

type Role = 'anon' | 'service_role';

/** Supabase's gateway: it lets nobody through without a key, and turns the newer keys into tokens of their role. */
export interface Gateway {
  readonly anonKey: string;
  readonly serviceRoleKey: string;
  /** What GoTrue gets, or what it never hears of. */
  admit(path: string, headers: IncomingHttpHeaders): { headers: IncomingHttpHeaders } | { refusal: Answer };
}

export function createGateway(style: GotrueOptions['keys'], secret: string, now: () => Date): Gateway {
  const signer = createKeys('HS256', secret, now);
  const mint = (role: Role, lifetimeSeconds: number) => {
    const iat = Math.floor(now().getTime() / 1000);
    return signer.sign({ iss: 'supabase', ref: 'double', role, iat, exp: iat + lifetimeSeconds });
  };
  const opaque = new Map<string, Role>();
  if (style === 'opaque') {
    opaque.set(`sb_publishable_${randomBytes(24).toString('base64url')}`, 'anon');
    opaque.set(`sb_secret_${randomBytes(24).toString('base64url')}`, 'service_role');
  }
  const keyOf = (role: Role) => [...opaque].find(([, its]) => its === role)?.[0] ?? mint(role, YEARS_SECONDS);

  function isKey(text: string): boolean {
    if (opaque.has(text)) return true;
    try {
      return ['anon', 'service_role'].includes(String(signer.verify(text).role));
    } catch {
      return false;
    }
  }

  return {
    anonKey: keyOf('anon'),
    serviceRoleKey: keyOf('service_role'),
    admit(path, headers) {
      if (OPEN_PATHS.includes(path)) return { headers };
      const key = headerOf(headers, 'apikey');
      if (key === undefined) return refusal('No API key found in request');
      if (!isKey(key)) return refusal('Invalid authentication credentials');
      const role = opaque.get(key);
      // In `Authorization` an opaque key stands only for itself.
      if (role === undefined || headers.authorization !== `Bearer ${key}`) return { headers };
      return { headers: { ...headers, authorization: `Bearer ${mint(role, SHORT_SECONDS)}` } };
    },
  };
}

function refusal(message: string): { refusal: Answer } {
  return { refusal: { status: 401, body: { message } } };
}
