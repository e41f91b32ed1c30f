import { fastify } from 'fastify';
import { adminRoutes, userRoutes } from './admin/routes.ts';
import { addConnectionDraining } from './connection-draining.ts';
import { addConnectRefusal } from './connection-errors.ts';
import { addCors } from './cors.ts';
import type { Dependencies, HttpApp } from './dependencies.ts';
import { KEYS, KEYS_OF_PEOPLE, METADATA } from './discovery/endpoints.ts';
import { openApiEndpoint, REFERENCE, REFERENCE_FILE } from './documentation/endpoints.ts';
import { HEALTH, LIVENESS, READINESS } from './health/endpoints.ts';
import { addLoadShedding } from './load-shedding.ts';
import type { OpenApiDocument, OpenApiOptions } from './openapi/document.ts';
import * as people from './people/endpoints.ts';
import { collapseRefusals } from './refusals.ts';
import { addErrorReplies } from './replies/send-error.ts';
import { addRequestContext } from './request-context.ts';
import { addRequestLog } from './request-log.ts';
import { mountRoute, type Route, requireDeclarations, unlisted } from './route.ts';
import { serverOptions } from './server-options.ts';
import { TOKEN } from './token/endpoint.ts';
import { INTROSPECT, REVOKE } from './token/presented-token.ts';
import { readBodiesAsBytes } from './token/read-body.ts';
import { addUnknownPathReplies } from './unknown-paths.ts';

/** Every route of the service: method and path, operation, who may call, how often, and what stands behind it. */
function routesOf(options: OpenApiOptions): Route[] {
  const { rootPath: root } = options;
  const OPENAPI = openApiEndpoint(() => renderOpenApi(options));
  // biome-ignore format: a table is read by its columns.
  const routes: Route[] = [
    { on: `POST ${root}/auth/token`,                         operation: 'issueToken',        access: 'client', limit: 'token', does: TOKEN },
    { on: `POST ${root}/auth/introspect`,                    operation: 'introspectToken',   access: 'client', limit: 'token', does: INTROSPECT },
    { on: `POST ${root}/auth/revoke`,                        operation: 'revokeToken',       access: 'client', limit: 'token', does: REVOKE },

    ...(options.hasPeople ? peopleRoutes(`${root}/auth/users`) : []),
    ...((options.hasKeysOfPeople ?? options.hasPeople) ? KEYS_ROUTES : []),
    ...adminRoutes(`${root}/auth/admin`),
    ...(options.hasPeople ? userRoutes(`${root}/auth/admin`) : []),

    { on: 'GET /.well-known/oauth-authorization-server',     operation: 'showMetadata',      access: 'public', limit: 'none',  does: METADATA },
    { on: 'GET /.well-known/jwks.json',                      operation: 'showKeys',          access: 'public', limit: 'none',  does: KEYS },

    { on: 'GET /health',                                     operation: 'showHealth',        access: 'public', limit: 'none',  does: HEALTH },
    { on: 'GET /health/live',                                operation: 'showLiveness',      access: 'public', limit: 'none',  does: LIVENESS },
    { on: 'GET /health/ready',                               operation: 'showReadiness',     access: 'public', limit: 'none',  does: READINESS },

    { on: 'GET /openapi.json',                               operation: 'showOpenApi',       access: 'public', limit: 'none',  does: OPENAPI },
    { on: 'GET /docs',                                       operation: 'showReference',     access: 'public', limit: 'none',  does: REFERENCE },
    { on: 'GET /docs/:file',                                 operation: 'showReferenceFile', access: 'public', limit: 'none',  does: REFERENCE_FILE },
  ];
  if (root === '') return routes;
  // Some consumers look for both below the path they were given.
  // biome-ignore format: as above.
  return [...routes,
    { on: `GET ${root}/.well-known/oauth-authorization-server`, operation: 'showMetadata',   access: 'public', limit: 'none',  does: unlisted(METADATA) },
    { on: `GET ${root}/.well-known/jwks.json`,                  operation: 'showKeys',       access: 'public', limit: 'none',  does: unlisted(KEYS) },
  ];
}

function peopleRoutes(users: string): Route[] {
  // biome-ignore format: as above.
  return [
    { on: `POST ${users}/register`,                          operation: 'registerPerson',    access: 'public', limit: 'register', does: people.REGISTER },
    { on: `POST ${users}/login`,                             operation: 'logIn',             access: 'public', limit: 'login',    does: people.LOGIN },
    { on: `POST ${users}/token/refresh`,                     operation: 'refreshSession',    access: 'public', limit: 'none',     does: people.REFRESH },
    { on: `POST ${users}/logout`,                            operation: 'logOut',            access: 'user',   limit: 'none',     does: people.LOGOUT },
    { on: `PUT ${users}/password/update`,                    operation: 'changePassword',    access: 'user',   limit: 'login',    does: people.PASSWORD },
    { on: `POST ${users}/password/update`,                   operation: 'changePasswordByPost', access: 'user', limit: 'login',   does: people.PASSWORD },
    { on: `GET ${users}/me`,                                 operation: 'showMe',            access: 'user',   limit: 'none',     does: people.SHOW_ME },
    { on: `PUT ${users}/me`,                                 operation: 'replaceMe',         access: 'user',   limit: 'none',     does: people.UPDATE_ME },
    { on: `PATCH ${users}/me`,                               operation: 'updateMe',          access: 'user',   limit: 'none',     does: people.UPDATE_ME },
    { on: `DELETE ${users}/me`,                              operation: 'deleteMe',          access: 'user',   limit: 'none',     does: people.DELETE_ME },
    { on: `GET ${users}/me/sessions`,                        operation: 'listMySessions',    access: 'user',   limit: 'none',     does: people.LIST_SESSIONS },
    { on: `DELETE ${users}/me/sessions/:session_id`,         operation: 'endMySession',      access: 'user',   limit: 'none',     does: people.END_SESSION },
  ];
}

// biome-ignore format: as above.
const KEYS_ROUTES: Route[] = [
  { on: 'GET /auth/v1/.well-known/jwks.json',                operation: 'showKeysOfPeople',  access: 'public', limit: 'none',     does: KEYS_OF_PEOPLE },
];

/** The service's HTTP face, not yet listening. Boot faults (a route without declarations) show at `ready` or `listen`. */
export function createApp(dependencies: Dependencies): HttpApp {
  const { config, logger } = dependencies;
  const app = fastify(serverOptions(dependencies));
  requireDeclarations(app);
  addRequestLog(app, logger);
  addConnectionDraining(app);
  addConnectRefusal(app, dependencies);
  addRequestContext(app, dependencies);
  addCors(app, config);
  addLoadShedding(app, dependencies.inFlightAtMost);
  addErrorReplies(app);
  addUnknownPathReplies(app);

  const { version, server } = config;
  const { rootPath, publicUrl } = server;
  const audit = collapseRefusals(dependencies.audit, dependencies.now ?? (() => new Date()));
  const rooms = { ...dependencies, audit };
  const { people: identity } = dependencies;
  const has = { hasPeople: identity !== null, hasKeysOfPeople: identity !== null && identity.keys !== null };
  const routes = routesOf({ version, rootPath, publicUrl, ...has });
  app.register(async (scope) => {
    readBodiesAsBytes(scope);
    for (const route of routes) mountRoute(scope, route, rooms);
  });
  return app;
}

/** The OpenAPI 3.1 document of the public contract. Opens nothing. */
export async function renderOpenApi(options: OpenApiOptions): Promise<OpenApiDocument> {
  const { renderDocument } = await import('./openapi/render.ts');
  return renderDocument(routesOf(options), options);
}
