import type { Server } from 'node:http';
import type { FastifyHttpOptions } from 'fastify';
import { createConnectionErrorHandler } from './connection-errors.ts';
import type { Dependencies } from './dependencies.ts';
import { answerUnroutable } from './unroutable.ts';

/** What a request id from outside may look like: it is logged, stored and sent back. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Bounds on what one connection may cost. In milliseconds and bytes. */
const BOUNDS = {
  bodyLimit: 1_048_576,
  /** Headers, and the whole request, from the first byte to the last. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /**
   * Longer than proxies keep a connection idle, so that they never use one that we just closed: nginx and AWS 60 s,
   * Traefik 90 s, Google 600 s.
   */
  keepAliveTimeout: 620_000,
  /** Nothing sent or received. */
  connectionTimeout: 120_000,
  connectionsCheckingInterval: 1_000,
  maxParamLength: 128,
};

export function serverOptions(dependencies: Dependencies): FastifyHttpOptions<Server> {
  const { random } = dependencies;
  return {
    // One line per request is written by `request-log`, through the service's own log.
    logger: false,
    genReqId: ({ headers }) => incomingRequestId(headers['x-request-id']) ?? random.uuid(),
    // Who calls is found out by `client-address`; nothing else is taken from forwarding headers.
    trustProxy: false,
    // A body is taken as it is or refused: nothing is coerced, dropped or filled in.
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        allErrors: true,
        allowUnionTypes: true,
      },
    },
    bodyLimit: BOUNDS.bodyLimit,
    connectionTimeout: BOUNDS.connectionTimeout,
    requestTimeout: BOUNDS.requestTimeout,
    keepAliveTimeout: BOUNDS.keepAliveTimeout,
    // While it closes, kept-alive connections get their answer and end: a rolling restart loses nothing.
    return503OnClosing: false,
    http: {
      headersTimeout: BOUNDS.headersTimeout,
      connectionsCheckingInterval: BOUNDS.connectionsCheckingInterval,
      // Checked by `request-context`, whose answer has a request id.
      requireHostHeader: false,
      // Two Authorization headers must not pass as the first one.
      joinDuplicateHeaders: true,
    },
    routerOptions: { maxParamLength: BOUNDS.maxParamLength },
    frameworkErrors: answerUnroutable(dependencies),
    clientErrorHandler: createConnectionErrorHandler(dependencies),
  };
}

function incomingRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined;
}
