import type { XStatic } from 'typebox/schema';
import type { RouteSchema } from '../openapi/route-schema.ts';

const COMPONENT = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string', enum: ['ok', 'degraded', 'error', 'disabled'] },
    latency_ms: { type: 'number' },
    detail: { type: 'string', description: 'Short, and nothing a stranger could use.' },
  },
} as const;

const HEALTH_REPORT = {
  type: 'object',
  required: ['status', 'version', 'environment', 'uptime_seconds', 'components'],
  properties: {
    status: { type: 'string', enum: ['ok', 'degraded', 'error'] },
    version: { type: 'string' },
    environment: { type: 'string', enum: ['development', 'testing', 'staging', 'production'] },
    uptime_seconds: { type: 'integer' },
    components: {
      type: 'object',
      required: ['api', 'database', 'supabase', 'redis'],
      properties: { api: COMPONENT, database: COMPONENT, supabase: COMPONENT, redis: COMPONENT },
    },
  },
} as const;

export type ComponentStatus = XStatic<typeof COMPONENT>;
export type HealthReport = XStatic<typeof HEALTH_REPORT>;

const PROBE_ANSWER = {
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string', enum: ['ok'] } },
} as const;

export const HEALTH_SCHEMA: RouteSchema = {
  tag: 'Operations',
  summary: 'Show how the service and its parts are',
  description: '503, with the same body, only when the database is lost. May be asked every second.',
  response: {
    200: {
      name: 'HealthReport',
      description: 'It serves, if perhaps not everything.',
      schema: HEALTH_REPORT,
      example: exampleReport('ok', { status: 'ok', latency_ms: 0.8 }),
    },
    503: {
      name: 'HealthReport',
      description: 'The database is lost.',
      schema: HEALTH_REPORT,
      example: exampleReport('error', { status: 'error', detail: 'cannot be reached' }),
    },
  },
  errors: [500],
};

export const LIVENESS_SCHEMA: RouteSchema = {
  tag: 'Operations',
  summary: 'Whether the process answers',
  description: 'For liveness probes: never depends on anything else.',
  response: {
    200: { name: 'ProbeAnswer', description: 'Yes.', schema: PROBE_ANSWER, example: { status: 'ok' } },
  },
  errors: [500],
};

export const READINESS_SCHEMA: RouteSchema = {
  tag: 'Operations',
  summary: 'Whether requests should be sent here',
  description:
    'For readiness probes: 503 during start, while the database schema is behind, and while it stops.',
  response: {
    200: { name: 'ProbeAnswer', description: 'Yes.', schema: PROBE_ANSWER, example: { status: 'ok' } },
  },
  errors: [500, 503],
};

function exampleReport(status: ComponentStatus['status'], database: ComponentStatus) {
  const components = {
    api: { status: 'ok' },
    database,
    supabase: { status: 'disabled' },
    redis: { status: 'disabled' },
  };
  return { status, version: '0.1.0', environment: 'production', uptime_seconds: 86_400, components };
}
