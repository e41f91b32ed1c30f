import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceError } from '#errors';
import { runWithRequest } from '#observability';
import { canonicalAddress, createClientAddress } from './client-address.ts';
import type { Dependencies } from './dependencies.ts';
import { createProxyTrust } from './proxy-trust.ts';
import type { Dialect } from './route.ts';
import { createSecurityHeaders } from './security-headers.ts';

/** What is known of a request beyond the request itself; the log line is made of it. */
interface RequestRecord {
  readonly clientIp: string;
  dialect: Dialect;
  clientId?: string;
  userId?: string;
  failure?: ServiceError;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything else looks at the request. */
    record: RequestRecord;
  }
}

const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip'];
const WARNING_INTERVAL_MS = 60_000;

/** The first hook of every request, unknown paths included: id, address, context, and the headers of every answer. */
export function addRequestContext(app: FastifyInstance, dependencies: Dependencies): void {
  const { config, lifecycle } = dependencies;
  const securityHeaders = createSecurityHeaders(config.server.publicUrl);
  const clientAddress = createClientAddress(config.server);
  const warnOfForwarding = createForwardingWarning(dependencies);
  let closing = false;

  app.decorateRequest('record');
  app.decorateRequest('bearer', null);
  app.decorateRequest('authority', null);
  app.addHook('preClose', (done) => {
    closing = true;
    // A connection that falls idle from here on would keep `close` waiting for its whole idle time.
    app.server.keepAliveTimeout = 1;
    done();
  });

  app.addHook('onRequest', (request, reply, done) => {
    const clientIp = clientAddress(request);
    request.record = { clientIp, dialect: request.routeOptions.config.dialect ?? 'problem' };
    reply.headers({ 'x-request-id': request.id, ...securityHeaders });
    warnOfForwarding(request);
    runWithRequest({ requestId: request.id, clientIp }, () => done(refuseMissingHost(request)));
  });

  // Node would answer 417 by itself; RFC 9110 §10.1.1 leaves it open to ignore an expectation.
  app.server.on('checkExpectation', app.routing);

  // Asked for when the answer leaves: a request that was in flight when the stop began ends its connection as well.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing || lifecycle.state() === 'stopping') reply.header('connection', 'close');
    done(null, payload);
  });
}

/** RFC 9112 §3.2. Node would answer it as well, but without a request id and without a body. */
function refuseMissingHost({ raw }: FastifyRequest): ServiceError | undefined {
  return raw.httpVersion === '1.1' && raw.headers.host === undefined
    ? new ServiceError('invalid_request', 'The Host header is missing.')
    : undefined;
}

/**
 * Says, once a minute at most, when everybody behind a proxy has the proxy's address and shares its limits: without
 * TRUSTED_PROXIES, or when the proxy tells of its callers in the other header alone.
 */
function createForwardingWarning({ config, logger, now = () => new Date() }: Dependencies) {
  const { trustedProxies, trustedProxyHeader } = config.server;
  const isTrusted = createProxyTrust(trustedProxies);
  const trustsNobody = typeof trustedProxies !== 'number' && trustedProxies.length === 0;
  let silentUntil = 0;

  function warn(message: string, header: string): void {
    if (now().getTime() < silentUntil) return;
    silentUntil = now().getTime() + WARNING_INTERVAL_MS;
    logger.warning(message, { header });
  }

  return ({ raw }: FastifyRequest): void => {
    const { headers, socket } = raw;
    if (headers[trustedProxyHeader] !== undefined && !trustsNobody) return;
    const header = FORWARDING_HEADERS.find((name) => headers[name] !== undefined);
    if (header === undefined) return;
    if (trustsNobody) warn('A forwarding header is ignored because TRUSTED_PROXIES is not set', header);
    else if (isTrusted(canonicalAddress(socket.remoteAddress ?? '') ?? '', 0)) {
      warn('A trusted proxy sends another forwarding header than TRUSTED_PROXY_HEADER names', header);
    }
  };
}
