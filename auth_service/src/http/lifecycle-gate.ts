import type { onRequestHookHandler } from 'fastify';
import { ServiceError } from '#errors';
import type { LifecycleGate } from './dependencies.ts';

const RETRY_AFTER_SECONDS = 1;

/** 503 until the service has come up. One that stops goes on serving: it is the load balancer that sends no more. */
export function waitUntilReady(lifecycle: LifecycleGate): onRequestHookHandler {
  return (_request, _reply, done) => {
    if (lifecycle.state() !== 'starting') return done();
    done(new ServiceError('starting', undefined, { retryAfterSeconds: RETRY_AFTER_SECONDS }));
  };
}
