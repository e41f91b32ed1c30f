import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceError } from '#errors';
import { RateLimitedError } from '#kv';
import { oauthErrorOf } from './oauth-error.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { serviceErrorOf } from './service-error-of.ts';
import { STATUSES } from './statuses.ts';

/** Seconds after which another try makes sense, where the thrower did not say. */
const RETRY_AFTER_SECONDS = 5;
/** RFC 6749 §5.2 wants the scheme that the client may have used; for clients of the body it is an invitation. */
const CHALLENGE = 'Basic realm="PA Services Auth", charset="UTF-8"';

const BEARER = 'Bearer realm="PA Services Auth"';

export function addErrorReplies(app: FastifyInstance): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = serviceErrorOf(thrown);
    request.record.failure = error;
    return sendError(error, request, reply);
  });
}

/** The same error in the dialect of the route it happened on. */
export function sendError(error: ServiceError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = STATUSES[error.code];
  reply.code(status).headers({ 'cache-control': 'no-store', ...errorHeaders(error, status) });
  if (request.record.dialect === 'oauth') {
    if (error.code === 'invalid_client') reply.header('www-authenticate', CHALLENGE);
    return reply
      .headers({ pragma: 'no-cache', 'content-type': 'application/json; charset=utf-8' })
      .send(JSON.stringify(oauthErrorOf(error)));
  }
  // RFC 6750 §3: no error code where nothing was presented.
  if (error.code === 'invalid_token') reply.header('www-authenticate', `${BEARER}, error="invalid_token"`);
  else if (error.code === 'insufficient_permission') {
    const { permission } = request.routeOptions.config;
    reply.header(
      'www-authenticate',
      `${BEARER}, error="insufficient_scope"${permission === undefined ? '' : `, scope="${permission}"`}`,
    );
  } else if (status === 401) reply.header('www-authenticate', BEARER);
  return reply.header('content-type', PROBLEM_TYPE).send(JSON.stringify(problemOf(error, request.id)));
}

function errorHeaders(error: ServiceError, status: number): Record<string, string> {
  const seconds = error.retryAfterSeconds ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
  return {
    ...(seconds === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }),
    ...(error instanceof RateLimitedError ? rateLimitHeaders(error.limit) : {}),
  };
}
