/** Runs orders-service in this process beside a key server of our own, and mints tokens it would trust. */
import { once } from 'node:events';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { createOrdersServer } from '../../../examples/orders-service/src/server.ts';
import {
  createTokenVerifier,
  machineTokens,
  personTokens,
} from '../../../examples/orders-service/src/verify-token.ts';
import { foreignKey, signWith, type TokenPart } from '../../../scripts/demo/forge.ts';

export const ISSUER = 'https://auth.example';
export const AUDIENCE = 'orders';
export const KID = 'current';
export const PERSON_ISSUER = 'https://auth.example/auth/v1';
export const PERSON_KID = 'current-of-people';

export interface Reply {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly retryAfter: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Record<string, unknown>;
}

export function listen(t: TestContext, server: Server, port = 0): Promise<string> {
  server.listen(port, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return once(server, 'listening').then(() => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** orders-service that takes machines (the issuer at the top of what is returned) and people (`person`). */
export async function openOrders(t: TestContext) {
  const machine = await openIssuer(t, { alg: 'ES256', typ: 'at+jwt', kid: KID }, goodClaims);
  const person = await openIssuer(t, { alg: 'ES256', typ: 'JWT', kid: PERSON_KID }, goodPersonClaims);
  const policies = [
    machineTokens({ issuer: ISSUER, audience: AUDIENCE, jwksUrl: machine.jwksUrl }),
    personTokens({ issuer: PERSON_ISSUER, jwksUrl: person.jwksUrl }),
  ];
  const url = await listen(t, createOrdersServer(createTokenVerifier(policies)));
  return {
    ...machine,
    person,
    url,
    get: (token: string) => send(`${url}/orders`, { Authorization: `Bearer ${token}` }),
  };
}

/** A key server, and tokens signed by what it shows. */
async function openIssuer(t: TestContext, header: TokenPart & { kid: string }, claims: () => TokenPart) {
  const privateKey = foreignKey();
  const { d: _private, ...publicJwk } = privateKey.export({ format: 'jwk' });
  const current = { ...publicJwk, kid: header.kid, alg: 'ES256', use: 'sig' };
  const keyServer = { keys: [current] as object[], requests: 0, answer: null as RequestListener | null };
  const jwks = createServer((incoming, response) => {
    keyServer.requests += 1;
    if (keyServer.answer !== null) return keyServer.answer(incoming, response);
    response
      .setHeader('Content-Type', 'application/jwk-set+json')
      .end(JSON.stringify({ keys: keyServer.keys }));
  });
  return {
    jwks,
    jwksUrl: new URL(`${await listen(t, jwks)}/jwks.json`),
    keyServer,
    publicJwk,
    header,
    claims,
    /** A token as the issuer makes them, with the given parts changed; `undefined` leaves a part out. */
    mint: (changes: TokenPart = {}, headerChanges: TokenPart = {}) =>
      signWith(privateKey, { ...header, ...headerChanges }, { ...claims(), ...changes }),
  };
}

export function goodClaims(): TokenPart {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: '0197f0f0-0000-7000-8000-000000000001',
    token_type: 'm2m_access',
    permissions: ['orders:read'],
    ...aliveNow(900),
  };
}

export function goodPersonClaims(): TokenPart {
  return {
    iss: PERSON_ISSUER,
    aud: 'authenticated',
    sub: '0197f0f0-0000-7000-8000-000000000002',
    role: 'authenticated',
    session_id: '0197f0f0-0000-7000-8000-000000000003',
    is_anonymous: false,
    app_metadata: { provider: 'email', roles: ['user'], permissions: ['orders:read'] },
    user_metadata: {},
    ...aliveNow(3600),
  };
}

function aliveNow(lifetimeSeconds: number): TokenPart {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now, exp: now + lifetimeSeconds };
}

/** node:http and not fetch, with the path as written: both would tidy up what an attacker leaves untidy. */
export async function send(
  url: string,
  headers: Record<string, string | string[]>,
  { method = 'GET', body = '' }: { method?: string; body?: string } = {},
): Promise<Reply> {
  const { hostname, port, origin } = new URL(url);
  const path = url.slice(origin.length);
  const outgoing = request({ hostname, port, path, method, headers, agent: false });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  const said = await text(response);
  return {
    status: response.statusCode,
    challenge: response.headers['www-authenticate'],
    retryAfter: response.headers['retry-after'],
    contentType: response.headers['content-type'],
    body: said === '' ? {} : JSON.parse(said),
  };
}
