import type { RouteHandlerMethod } from 'fastify';
import { ServiceError } from '#errors';
import type { Dependencies } from '../dependencies.ts';
import type { Endpoint } from '../route.ts';
import { createProbe } from './probe.ts';
import {
  type ComponentStatus,
  HEALTH_SCHEMA,
  type HealthReport,
  LIVENESS_SCHEMA,
  READINESS_SCHEMA,
} from './schema.ts';

const RETRY_AFTER_SECONDS = 1;
const UNCACHED = { 'cache-control': 'no-store' };

/** The whole picture, for people and monitoring. 503 only when the database is lost. */
export const HEALTH: Endpoint = { schema: HEALTH_SCHEMA, handle: showHealth, quiet: true };

/** The process answers. */
export const LIVENESS: Endpoint = { schema: LIVENESS_SCHEMA, handle: showLiveness, quiet: true };

/** Whether a load balancer should send requests. A dependency lost later does not count: others must be served on. */
export const READINESS: Endpoint = { schema: READINESS_SCHEMA, handle: showReadiness, quiet: true };

function showHealth(dependencies: Dependencies): RouteHandlerMethod {
  const { config, health, lifecycle, now = () => new Date() } = dependencies;
  const startedAt = now().getTime();
  const probeDatabase = createProbe(() => health.database(), now);
  const probeRedis = health.redis === null ? disabled : createProbe(health.redis, now, 'degraded');
  const probeSupabase = health.supabase == null ? disabled : createProbe(health.supabase, now, 'degraded');

  return async (_request, reply): Promise<HealthReport> => {
    const [database, supabase, redis] = await Promise.all([probeDatabase(), probeSupabase(), probeRedis()]);
    const components = {
      api: apiStatus(lifecycle.state()),
      database,
      supabase,
      redis,
    };
    const status = overall(components);
    reply.code(status === 'error' ? 503 : 200).headers(UNCACHED);
    return {
      status,
      version: config.version,
      environment: config.environment,
      uptime_seconds: Math.floor((now().getTime() - startedAt) / 1000),
      components,
    };
  };
}

function showLiveness(): RouteHandlerMethod {
  return async (_request, reply) => {
    reply.headers(UNCACHED);
    return { status: 'ok' };
  };
}

function showReadiness({ lifecycle }: Dependencies): RouteHandlerMethod {
  return async (_request, reply) => {
    const state = lifecycle.state();
    if (state !== 'ready') {
      const reason = state === 'starting' ? lifecycle.reason() : undefined;
      throw new ServiceError(reason?.code ?? state, reason?.message, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    reply.headers(UNCACHED);
    return { status: 'ok' };
  };
}

function apiStatus(state: 'starting' | 'ready' | 'stopping'): ComponentStatus {
  return state === 'ready' ? { status: 'ok' } : { status: 'degraded', detail: state };
}

async function disabled(): Promise<ComponentStatus> {
  return { status: 'disabled' };
}

function overall(components: HealthReport['components']): HealthReport['status'] {
  if (components.database.status === 'error') return 'error';
  const healthy = Object.values(components).every(({ status }) => status === 'ok' || status === 'disabled');
  return healthy ? 'ok' : 'degraded';
}
