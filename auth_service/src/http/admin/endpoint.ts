import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, isServiceError } from '#errors';
import type { Authority } from '#rbac';
import { authorityIn } from '../authenticate.ts';
import type { Dependencies } from '../dependencies.ts';
import type { RouteSchema } from '../openapi/route-schema.ts';
import type { Endpoint } from '../route.ts';
import { refuseUnknownParameters } from './list-query.ts';

/** What a handler of administration is given. */
export interface AdminRequest {
  readonly rooms: Dependencies;
  readonly by: Authority;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of the path. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * A route of administration: guarded by its line in the table of permissions, never cached on the way, and asked for
 * nothing but what its schema names.
 */
export function adminEndpoint(
  schema: Omit<RouteSchema, 'tag'>,
  handle: (asked: AdminRequest) => Promise<unknown>,
): Endpoint {
  return {
    schema: { tag: 'Administration', ...schema },
    waits: true,
    takesJson: schema.body !== undefined,
    handle: (rooms) => async (request, reply) => {
      const by = authorityIn(request);
      reply.header('cache-control', 'no-store');
      refuseUnknownParameters(request.query, schema.query ?? {});
      try {
        const params = request.params as Record<string, string>;
        return await handle({ rooms, by, request, reply, params });
      } catch (error) {
        if (isServiceError(error) && REFUSALS.has(error.code)) recordRefusal(rooms, by, request, error.code);
        throw error;
      }
    },
  };
}

/** Of who may use the route, but not for this. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['exceeds_own_rights', 'own_credentials']);

function recordRefusal(
  { audit }: Dependencies,
  by: Authority,
  request: FastifyRequest,
  reason: ErrorCode,
): void {
  audit.enqueue({
    action: 'access.refused',
    outcome: 'failure',
    actor: { type: by.type, id: by.id },
    detail: { operation: request.routeOptions.config.operation, reason },
  });
}
