import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceError } from '#errors';

/**
 * Requests that one process works on at a time. Behind each may wait a connection of the pool and a place in the queue
 * of hashes, which are bounded themselves; beyond this number an answer would come when nobody waits for it any more.
 */
const IN_FLIGHT_AT_MOST = 1_000;
/** An orchestrator that got no answer would kill what is only busy. */
const PROBES: ReadonlySet<string> = new Set(['showHealth', 'showLiveness', 'showReadiness']);
/** Seconds: a burst is over by then. */
const RETRY_AFTER_SECONDS = 1;

/**
 * Who comes when too much is being worked on is told so at once, before anything is read or asked. A request counts once
 * its body is there: who sends slowly takes nobody's place.
 */
export function addLoadShedding(app: FastifyInstance, atMost: number = IN_FLIGHT_AT_MOST): void {
  let inFlight = 0;
  const refusal = (request: FastifyRequest) => {
    if (inFlight < atMost || isProbe(request)) return undefined;
    return new ServiceError('overloaded', 'Too much is being worked on right now. Try again in a moment.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  };
  app.addHook('onRequest', (request, _reply, done) => done(refusal(request)));
  app.addHook('preValidation', (request, reply, done) => {
    const refused = refusal(request);
    if (refused !== undefined || isProbe(request)) return done(refused);
    inFlight += 1;
    // Also when the caller hangs up before the answer: `close` comes once, whatever happens.
    reply.raw.once('close', () => {
      inFlight -= 1;
    });
    done();
  });
}

function isProbe({ routeOptions }: FastifyRequest): boolean {
  return PROBES.has(routeOptions.config.operation ?? '');
}
