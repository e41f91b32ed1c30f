import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceError } from '#errors';

/**
 * How much beyond the limit is read and thrown away before the answer. A client that is still sending when the
 * connection closes sees a reset and never the 413, and a proxy makes a 502 of it.
 */
const DRAINED_BYTES_AT_MOST = 64 * 1_048_576;

/** Bodies of this scope reach the handler as bytes, whatever their type says: the handler answers in its own dialect. */
export function readBodiesAsBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, request.routeOptions.bodyLimit),
  );
}

function readBody(payload: IncomingMessage, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let received = 0;
  payload.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received <= limit) chunks.push(chunk);
    else if (received > limit + DRAINED_BYTES_AT_MOST) reject(new ServiceError('body_too_large'));
    else chunks.length = 0;
  });
  payload.on('end', () => {
    if (received > limit) reject(new ServiceError('body_too_large'));
    else resolve(Buffer.concat(chunks));
  });
  payload.on('error', (cause) => reject(new ServiceError('malformed_body', undefined, { cause })));
  return promise;
}
