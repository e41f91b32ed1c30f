/**
 * http: the wire. Owns every route and its path, the shape of requests and answers, the error dialects with their
 * statuses, headers, the client's address, health answers, the request log, and the OpenAPI document.
 * May use: the verbs of the rooms it is handed (oauth, people, keys, limits of kv, audit of what they refused, health,
 * lifecycle), errors, observability.
 * Does not: hold rules about clients, tokens or roles, open anything but its own socket, or read the environment.
 */
export { ADMIN_PERMISSIONS } from './admin/permissions.ts';
export { createApp, renderOpenApi } from './app.ts';
export type {
  Dependencies,
  HealthChecks,
  HttpApp,
  HttpSettings,
  LifecycleGate,
  PeopleDependencies,
} from './dependencies.ts';
export type { OpenApiDocument, OpenApiOptions } from './openapi/document.ts';
export { createPersonLimit, type PersonLimit } from './people/limits.ts';
