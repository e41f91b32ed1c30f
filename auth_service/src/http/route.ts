import type { FastifyInstance, FastifySchema, RouteHandlerMethod, RouteOptions } from 'fastify';
import { permissionFor } from './admin/permissions.ts';
import { requirePermission, requireUser } from './authenticate.ts';
import type { Dependencies } from './dependencies.ts';
import { parseJsonBody } from './json-body.ts';
import { waitUntilReady } from './lifecycle-gate.ts';
import type { JsonSchema, RouteSchema } from './openapi/route-schema.ts';

/**
 * Who may call: anybody, a client that authenticates in the request itself (RFC 6749 §2.3), a person by token, or who
 * holds the permission that `admin/permissions.ts` names for the operation, person or client.
 */
type Access = 'public' | 'client' | 'user' | 'admin';
/**
 * `token`: failures by address and requests by client, counted where clients are authenticated. `login` and `register`:
 * by address and by e-mail, counted where the e-mail is read.
 */
type Limit = 'none' | 'token' | 'login' | 'register';
/** How errors are said: RFC 9457 or RFC 6749 §5.2. */
export type Dialect = 'problem' | 'oauth';

/** One row of the route table. */
export interface Route {
  readonly on: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} ${string}`;
  /** The `operationId` of the OpenAPI document. */
  readonly operation: string;
  readonly access: Access;
  readonly limit: Limit;
  readonly does: Endpoint;
}

/** What stands behind a route. */
export interface Endpoint {
  /** Null: nothing that programs call; left out of the OpenAPI document. */
  readonly schema: RouteSchema | null;
  /** A second path of a listed endpoint. */
  readonly unlisted?: boolean;
  readonly handle: (dependencies: Dependencies) => RouteHandlerMethod;
  /** The body is one JSON object that must fit its schema; a route that leaves it out reads bytes, or nothing. */
  readonly takesJson?: boolean;
  /** Default: problem. */
  readonly dialect?: Dialect;
  /** Answers 503 until the service is ready. */
  readonly waits?: boolean;
  /** Asked too often, or too dull, for the log: DEBUG. */
  readonly quiet?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: string;
    access?: Access;
    limit?: Limit;
    /** Of routes of administration: what the caller must hold. */
    permission?: string;
    dialect?: Dialect;
    quiet?: boolean;
  }
}

/** For a second path to the same thing. */
export function unlisted(endpoint: Endpoint): Endpoint {
  return { ...endpoint, unlisted: true };
}

/** A route that does not say what it does, for whom and how often cannot boot. */
export function requireDeclarations(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (isPreflight(route)) return;
    const { operation, access, limit } = route.config ?? {};
    if (operation === undefined || access === undefined || limit === undefined) {
      throw new Error(`${route.method} ${route.url} must state operation, access and limit in its config`);
    }
  });
}

/** The catch-all of @fastify/cors, which answers preflights and nothing else. */
export function isPreflight(route: Pick<RouteOptions, 'method' | 'url'>): boolean {
  return route.method === 'OPTIONS' && route.url === '*';
}

export function mountRoute(app: FastifyInstance, route: Route, dependencies: Dependencies): void {
  const { operation, access, limit, does } = route;
  const { handle, dialect = 'problem', waits = false, quiet = false } = does;
  const permission = access === 'admin' ? permissionFor(route) : undefined;
  app.route({
    ...methodAndPath(route),
    config: { operation, access, limit, dialect, quiet, ...(permission === undefined ? {} : { permission }) },
    schema: fastifySchema(does),
    onRequest: [
      ...(waits ? [waitUntilReady(dependencies.lifecycle)] : []),
      ...(access === 'user' ? [requireUser(dependencies)] : []),
      ...(permission === undefined ? [] : [requirePermission(dependencies, permission)]),
    ],
    preValidation: does.takesJson === true ? [parseJsonBody] : [],
    handler: handle(dependencies),
  });
}

export function methodAndPath({ on }: Route): { method: string; url: string } {
  const [method = '', url = ''] = on.split(' ');
  return { method, url };
}

function fastifySchema({ schema, takesJson = false }: Endpoint): FastifySchema {
  if (schema === null) return {};
  const body = schema.body?.['application/json']?.schema;
  return { response: responseSchemas(schema), ...(takesJson && body !== undefined ? { body } : {}) };
}

function responseSchemas({ response }: RouteSchema): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(response).map(([status, { schema }]) => [status, schema]));
}
