import type { FastifyReply, FastifyRequest } from 'fastify';
import { createClientAddress } from './client-address.ts';
import type { Dependencies } from './dependencies.ts';
import { sendError } from './replies/send-error.ts';
import { serviceErrorOf } from './replies/service-error-of.ts';
import { logRequest } from './request-log.ts';
import { createSecurityHeaders } from './security-headers.ts';

/** Answers what the router itself refuses (a path with broken percent signs); no hook runs for those. */
export function answerUnroutable({ config, logger }: Dependencies) {
  const clientAddress = createClientAddress(config.server);
  const securityHeaders = createSecurityHeaders(config.server.publicUrl);

  return (fault: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const failure = serviceErrorOf(fault);
    request.record = { clientIp: clientAddress(request), dialect: 'problem', failure };
    reply.raw.once('finish', () => logRequest(logger, request, reply, reply.statusCode));
    reply.headers({ 'x-request-id': request.id, ...securityHeaders });
    sendError(failure, request, reply);
  };
}
