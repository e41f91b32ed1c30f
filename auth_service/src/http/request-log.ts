import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceError } from '#errors';
import { errorContext, type LogContext, type Logger, runWithRequest } from '#observability';

/** Logged in place of a status when the caller went away before the answer. */
const CALLER_GONE = 499;
const PATH_LENGTH_AT_MOST = 256;

/** One line per request, when its answer is out. */
export function addRequestLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(logger, request, reply, reply.statusCode);
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    logRequest(logger, request, null, CALLER_GONE);
    done();
  });
}

/** @param reply null: there was nobody left to answer to */
export function logRequest(
  logger: Logger,
  request: FastifyRequest,
  reply: FastifyReply | null,
  status: number,
): void {
  const { record } = request;
  const path = pathOf(request.url);
  const context: LogContext = {
    method: request.method,
    path,
    status,
    ...(reply === null ? {} : { duration_ms: Math.round(reply.elapsedTime * 10) / 10 }),
    client_ip: record.clientIp,
    client_id: record.clientId,
    user_id: record.userId,
    ...(record.failure === undefined ? {} : { error: failureContext(record.failure, status) }),
  };
  const message = `${request.method} ${path} ${status}`;
  const quiet = request.routeOptions.config.quiet === true;
  // The hooks after an answer run outside the context that the request opened.
  runWithRequest({ requestId: request.id }, () => {
    if (status === 500) logger.error(message, context);
    else if (quiet) logger.debug(message, context);
    else if (status > 500) logger.warning(message, context);
    else logger.info(message, context);
  });
}

/** Without the query: what should not be in it (secrets, tokens) is there at times. */
function pathOf(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  return path.length > PATH_LENGTH_AT_MOST ? `${path.slice(0, PATH_LENGTH_AT_MOST)}…` : path;
}

/** Where it was thrown matters only when nobody meant to throw it. */
function failureContext(failure: ServiceError, status: number) {
  return status === 500 ? errorContext(failure) : { code: failure.code };
}
