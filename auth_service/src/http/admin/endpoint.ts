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
        if (isServiceError(error) && REFUSALS.has(error.code)) {
          await recordRefusal(rooms, by, request, error.code);
        }
        throw error;
      }
    },
  };
}

/** Of who may use the route, but not for this. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['exceeds_own_rights', 'own_credentials']);

async function recordRefusal(
  rooms: Dependencies,
  by: Authority,
  request: FastifyRequest,
  reason: ErrorCode,
): Promise<void> {
  const subject = await subjectOf(rooms, request.params as Record<string, string>);
  rooms.audit.enqueue({
    action: 'access.refused',
    outcome: 'failure',
    actor: { type: by.type, id: by.id },
    ...(subject === null ? {} : { subject }),
    detail: { operation: request.routeOptions.config.operation, reason },
  });
}

/** Whom or what the path names first, by id; null where something was to be made. */
async function subjectOf(
  { rbac }: Dependencies,
  params: Readonly<Record<string, string>>,
): Promise<{ type: string; id: string } | null> {
  const [[parameter, given] = []] = Object.entries(params);
  if (parameter === undefined || given === undefined) return null;
  const type = parameter.replace(/_id$/, '');
  const things = type === 'role' ? rbac.roles : type === 'permission' ? rbac.permissions : null;
  // Gone in the meantime: what the request called it says more than nothing.
  const id = (await things?.find(given).catch(() => null))?.id ?? given;
  return { type, id };
}
