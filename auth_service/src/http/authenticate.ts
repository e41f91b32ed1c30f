import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { ServiceError } from '#errors';
import type { Bearer } from '#identity';
import { decodeToken } from '#keys';
import type { Dependencies } from './dependencies.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on routes for users, before the body is read. */
    bearer: Bearer | null;
  }
}

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
  const { people: verbs, issuer } = people;
  return async (request) => {
    if (issuer === null) throw new ServiceError('public_url_missing');
    const accessToken = accessTokenOf(request);
    if (decodeToken(accessToken)?.claims.iss !== issuer) {
      throw new ServiceError('invalid_token', 'This route takes the access tokens of people.');
    }
    const principal = await verbs.verify(accessToken);
    request.record.userId = principal.userId;
    request.bearer = { principal, accessToken };
  };
}

export function bearerOf({ bearer }: FastifyRequest): Bearer {
  if (bearer === null) throw new TypeError('the route does not ask for a user');
  return bearer;
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
