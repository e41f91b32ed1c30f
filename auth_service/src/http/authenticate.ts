import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { ServiceError } from '#errors';
import type { Bearer } from '#identity';
import { decodeToken } from '#keys';
import { type Authority, type BoundAuthority, covers } from '#rbac';
import type { Dependencies, PeopleDependencies } from './dependencies.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on routes for users, before the body is read. */
    bearer: Bearer | null;
    /** Set on routes of administration, before the body is read: who acts, with what they hold at this moment. */
    authority: Authority | null;
  }
}

type Callers = Pick<Dependencies, 'people' | 'oauth' | 'audit' | 'config'>;

/** RFC 9110 §11.1: the name of the scheme has no case. */
const BEARER = /^bearer(?: |$)/i;
/** RFC 6750 §2.1: the header alone; tokens in bodies and URLs end up in logs. */
const CREDENTIALS = /^bearer +([\w.~+/-]+=*)$/i;

/**
 * Lets a person in by their access token. The issuer it names chooses whose rules it is judged by, once: a token is
 * never tried as one kind and then as another.
 */
export function requireUser({ people }: Pick<Dependencies, 'people'>): onRequestAsyncHookHandler {
  if (people === null) throw new TypeError('a route for people needs an identity');
  const { issuers } = people;
  return async (request) => {
    if (issuers === null) throw new ServiceError('public_url_missing');
    const accessToken = accessTokenOf(request);
    if (!isOf(people, accessToken)) {
      throw new ServiceError('invalid_token', 'This route takes the access tokens of people.');
    }
    request.bearer = await identify(request, people, accessToken);
  };
}

/**
 * Lets in who holds the permission now, person or client. The token says who it is and can narrow what a client may do;
 * what they hold comes from the database, so that a right that was taken away is gone at once.
 */
export function requirePermission(callers: Callers, permission: string): onRequestAsyncHookHandler {
  return async (request) => {
    const authority = { ...(await authorityOf(request, callers)), needs: permission };
    request.authority = authority;
    if (covers(authority.permissions, permission)) return;
    callers.audit.enqueue({
      action: 'access.refused',
      outcome: 'failure',
      actor: { type: authority.type, id: authority.id },
      detail: { operation: request.routeOptions.config.operation, lacks: permission },
    });
    throw new ServiceError('insufficient_permission', `This needs the permission ${permission}.`);
  };
}

async function authorityOf(
  request: FastifyRequest,
  { people, oauth, config }: Callers,
): Promise<BoundAuthority> {
  const { publicUrl } = config.server;
  if (publicUrl === null) throw new ServiceError('public_url_missing');
  const accessToken = accessTokenOf(request);
  const issuer = issuerOf(accessToken);
  if (people !== null && isOf(people, accessToken)) {
    const { principal } = await identify(request, people, accessToken);
    const { userId: id, sessionId, permissions } = principal;
    return { type: 'user', id, sessionId, permissions };
  }
  if (issuer !== publicUrl) {
    throw new ServiceError(
      'invalid_token',
      `This route takes the access tokens of people, and those of clients that were asked for with resource=${publicUrl}.`,
    );
  }
  const client = await oauth.verify(accessToken);
  request.record.clientId = client.clientId;
  return { type: 'client', id: client.clientId, permissions: client.permissions };
}

async function identify(
  request: FastifyRequest,
  { people }: PeopleDependencies,
  accessToken: string,
): Promise<Bearer> {
  const principal = await people.verify(accessToken);
  request.record.userId = principal.userId;
  return { principal, accessToken };
}

export function bearerOf({ bearer }: FastifyRequest): Bearer {
  if (bearer === null) throw new TypeError('the route does not ask for a user');
  return bearer;
}

export function authorityIn({ authority }: FastifyRequest): Authority {
  if (authority === null) throw new TypeError('the route does not ask for a permission');
  return authority;
}

function isOf({ issuers }: PeopleDependencies, accessToken: string): boolean {
  const issuer = issuerOf(accessToken);
  return issuers?.some((known) => (known ?? undefined) === issuer) ?? false;
}

/** As the token says, unverified: it only chooses who is to judge it. */
function issuerOf(accessToken: string): unknown {
  return decodeToken(accessToken)?.claims.iss;
}

/** @throws ServiceError `no_authorization` where no token was presented, one of another scheme included (RFC 6750 §3.1). */
function accessTokenOf({ headers: { authorization = '' } }: FastifyRequest): string {
  if (!BEARER.test(authorization)) throw new ServiceError('no_authorization');
  const [, accessToken] = CREDENTIALS.exec(authorization) ?? [];
  if (accessToken === undefined) {
    throw new ServiceError('invalid_token', 'The Authorization header holds no bearer token.');
  }
  return accessToken;
}
