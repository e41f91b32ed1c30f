import type { FastifyInstance } from 'fastify';
import type { HttpSettings } from './dependencies.ts';

const PREFLIGHT_LIFETIME_SECONDS = 600;
const LOOPBACK_ORIGIN =
  /^https?:\/\/(localhost|[a-z0-9.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/;

/** Off unless origins are named; in development, pages on this machine may call without being named. */
export function addCors(app: FastifyInstance, { environment, server }: HttpSettings): void {
  const named = [...server.corsAllowOrigins];
  const origins = named.length === 0 && environment === 'development' ? [LOOPBACK_ORIGIN] : named;
  if (origins.length === 0) return;
  app.register(import('@fastify/cors'), {
    origin: origins,
    credentials: server.corsAllowCredentials,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'X-Request-ID'],
    exposedHeaders: ['X-Request-ID', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'],
    maxAge: PREFLIGHT_LIFETIME_SECONDS,
    // Its answer to an OPTIONS request that is no preflight would be a plain text of its own.
    strictPreflight: false,
  });
}
