import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type ErrorCode, ServiceError } from '#errors';
import { canonicalAddress } from './client-address.ts';
import type { Dependencies } from './dependencies.ts';
import { PROBLEM_TYPE, problemOf } from './replies/problem.ts';
import { STATUSES } from './replies/statuses.ts';
import { createSecurityHeaders } from './security-headers.ts';

/** Node's codes for what cannot become a request; anything else is a malformed one. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

/** Answers what never became a request: too slow, too large, or no HTTP. There is no reply object yet. */
export function createConnectionErrorHandler(dependencies: Dependencies) {
  const end = createConnectionEnd(dependencies);

  return (fault: Error & { code?: string }, socket: Socket): void => {
    if (fault.code === 'ECONNRESET' || socket.destroyed) return;
    end(socket, new ServiceError(CODES[fault.code ?? ''] ?? 'invalid_request'), { reason: fault.code });
  };
}

/**
 * Answers CONNECT, which Node hands to no route. Without an answer the connection would just end, and a proxy in front
 * would take that for a fault of this server.
 */
export function addConnectRefusal(app: FastifyInstance, dependencies: Dependencies): void {
  const end = createConnectionEnd(dependencies);
  app.server.on('connect', (_request, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    // RFC 9110 §15.5.6: empty, since there is no tunnel for any method.
    end(socket, new ServiceError('method_not_allowed'), { headers: { allow: '' } });
  });
}

interface ConnectionEnd {
  readonly headers?: Readonly<Record<string, string>>;
  /** Node's word for what was wrong. */
  readonly reason?: string | undefined;
}

/** Writes an answer past the reply that there is none of, and ends the connection with it. */
function createConnectionEnd({ config, logger, random }: Dependencies) {
  const securityHeaders = createSecurityHeaders(config.server.publicUrl);

  return (socket: Socket, error: ServiceError, { headers: more, reason }: ConnectionEnd): void => {
    const status = STATUSES[error.code];
    const requestId = random.uuid();
    if (socket.writable && !answerHasBegun(socket)) {
      const body = JSON.stringify(problemOf(error, requestId));
      const headers = {
        ...securityHeaders,
        ...more,
        'x-request-id': requestId,
        'content-type': PROBLEM_TYPE,
        'content-length': String(Buffer.byteLength(body)),
        'cache-control': 'no-store',
        connection: 'close',
      };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
    } else {
      socket.destroy();
    }
    logger.info(`Connection closed with ${status}`, {
      request_id: requestId,
      status,
      client_ip: canonicalAddress(socket.remoteAddress ?? '') ?? undefined,
      error: { code: error.code, reason },
    });
  };
}

/** Node marks the socket with the answer it is writing; a second one in the middle of it would be read as its body. */
function answerHasBegun(socket: Socket & { _httpMessage?: { headersSent?: boolean } | null }): boolean {
  return socket._httpMessage?.headersSent === true;
}
