import type { FastifyRequest, RouteHandlerMethod } from 'fastify';
import { ServiceError } from '#errors';
import type { TokenRequest } from '#oauth';
import type { Dependencies } from '../dependencies.ts';
import { rateLimitHeaders } from '../replies/rate-limit-headers.ts';
import type { Endpoint } from '../route.ts';
import { type ParameterNames, parseParameters } from './parameters.ts';
import { TOKEN_PARAMETERS, TOKEN_SCHEMA, type TokenAnswer } from './schema.ts';

const NAMES: ParameterNames = {
  known: new Set(Object.keys(TOKEN_PARAMETERS)),
  repeatable: new Set(['resource']),
};
const NOTHING = Buffer.alloc(0);

/** RFC 6749 §3.2, as far as it is HTTP; the rules are those of `oauth`. */
export const TOKEN: Endpoint = { schema: TOKEN_SCHEMA, handle: issueToken, dialect: 'oauth', waits: true };

function issueToken({ oauth }: Pick<Dependencies, 'oauth'>): RouteHandlerMethod {
  return async (request, reply): Promise<TokenAnswer> => {
    const issued = await oauth.issueToken(readRequest(request, NAMES));
    request.record.clientId = issued.clientId;
    // RFC 6749 §5.1
    reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
    if (issued.limit !== null) reply.headers(rateLimitHeaders(issued.limit));
    return issued.response;
  };
}

/** What a client sends to an endpoint of OAuth. @throws ServiceError `invalid_request`, `unsupported_media_type`. */
export function readRequest(request: FastifyRequest, names: ParameterNames): TokenRequest {
  refuseSecretInUrl(request);
  const body = Buffer.isBuffer(request.body) ? request.body : NOTHING;
  return {
    authorization: request.headers.authorization,
    parameters: parseParameters(request.headers, body, names),
    clientIp: request.record.clientIp,
  };
}

/** RFC 6749 §2.3.1. It stands in logs of proxies and in histories by now. */
function refuseSecretInUrl({ query }: FastifyRequest): void {
  if (typeof query !== 'object' || query === null) return;
  if ('client_secret' in query) {
    throw new ServiceError(
      'invalid_request',
      'client_secret must not be in the URL. Send it in the body or the Authorization header, and rotate this one.',
    );
  }
  const found = ['client_assertion', 'refresh_token', 'token'].find((name) => name in query);
  if (found === undefined) return;
  throw new ServiceError('invalid_request', `${found} must not be in the URL. Send it in the body.`);
}
