import swagger from '@fastify/swagger';
import { fastify } from 'fastify';
import { permissionFor } from '../admin/permissions.ts';
import { methodAndPath, type Route } from '../route.ts';
import type { OpenApiDocument, OpenApiOptions } from './document.ts';
import { COMMON_HEADERS, ERROR_SCHEMAS, errorResponses, LIMIT_HEADERS } from './error-responses.ts';
import type { JsonSchema, RouteSchema } from './route-schema.ts';

const ABOUT =
  'Authentication for fleets of microservices. Errors are RFC 9457 problems, or OAuth errors (RFC 6749) where OAuth says so.';

const TAGS = [
  { name: 'Machines', description: 'Tokens for services, and what verifies them.' },
  { name: 'People', description: 'Accounts, log-ins and sessions.' },
  { name: 'Administration', description: 'Clients, roles, permissions, users and what is recorded of them.' },
  { name: 'Operations', description: 'How the service is.' },
] as const;

/** Registers the routes with an instance that never serves, so that one which serves need not carry the generator. */
export async function renderDocument(
  routes: readonly Route[],
  { version, publicUrl }: OpenApiOptions,
): Promise<OpenApiDocument> {
  const app = fastify();
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'PA Services Auth',
        version,
        description: ABOUT,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: publicUrl ?? '/' }],
      tags: [...TAGS],
      components: {
        securitySchemes: {
          clientSecretBasic: CLIENT_SECRET_BASIC,
          userToken: USER_TOKEN,
          machineToken: MACHINE_TOKEN,
        },
      },
    },
    // Paths stay whole where PUBLIC_URL has a path of its own.
    stripBasePath: false,
    refResolver: { buildLocalReference: ({ $id }) => String($id) },
  });
  for (const [name, schema] of Object.entries(schemasOf(routes))) app.addSchema({ ...schema, $id: name });
  for (const route of routes) {
    const { schema, unlisted = false } = route.does;
    if (schema === null || unlisted) continue;
    app.route({
      ...methodAndPath(route),
      exposeHeadRoute: false,
      schema: operationOf(route, schema),
      handler: () => '',
    });
  }
  await app.ready();
  const document = app.swagger() as unknown as OpenApiDocument;
  await app.close();
  for (const operation of operationsIn(document)) markBody(operation);
  return document;
}

interface Operation {
  readonly requestBody?: {
    required: boolean;
    readonly content: Readonly<
      Record<string, { readonly schema: { readonly required?: readonly string[] } }>
    >;
  };
}

function operationsIn({ paths }: OpenApiDocument): Operation[] {
  return Object.values(paths).flatMap((operations) => Object.values(operations as Record<string, Operation>));
}

/** @fastify/swagger calls every body required; one of which nothing is required may be left out. */
function markBody({ requestBody }: Operation): void {
  if (requestBody === undefined) return;
  const schemas = Object.values(requestBody.content).map(({ schema }) => schema);
  requestBody.required = schemas.some(({ required = [] }) => required.length > 0);
}

const CLIENT_SECRET_BASIC = {
  type: 'http',
  scheme: 'basic',
  description: '`client_id` and `client_secret`, each form-urlencoded (RFC 6749 §2.3.1).',
} as const;

const USER_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'The access token of a session.',
} as const;

const MACHINE_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'The access token of a client, asked for with `resource` = PUBLIC_URL.',
} as const;

/** What answers are made of, by name. */
function schemasOf(routes: readonly Route[]): Record<string, JsonSchema> {
  const named = routes.flatMap(({ does }) => Object.values(does.schema?.response ?? {}));
  return { ...ERROR_SCHEMAS, ...Object.fromEntries(named.map(({ name, schema }) => [name, schema])) };
}

function operationOf(route: Route, schema: RouteSchema) {
  return {
    operationId: route.operation,
    summary: schema.summary,
    description: descriptionOf(route, schema),
    tags: [schema.tag],
    ...securityOf(route, schema),
    ...(schema.query === undefined ? {} : { querystring: { type: 'object', properties: schema.query } }),
    ...(schema.parameters === undefined ? {} : { params: { type: 'object', properties: schema.parameters } }),
    ...(schema.body === undefined ? {} : { body: bodyOf(schema.body) }),
    response: {
      ...errorResponses(errorsOf(schema), route.does.dialect ?? 'problem'),
      ...responsesOf(route, schema),
    },
  };
}

/** Where something of the path is to be read, it can be unreadable: `%zz`, or longer than any id or name. */
function errorsOf({ parameters, errors }: RouteSchema): RouteSchema['errors'] {
  return parameters === undefined ? errors : ['invalid_request', ...errors];
}

function descriptionOf(route: Route, { description }: RouteSchema): string {
  return route.access === 'admin' ? `Needs \`${permissionFor(route)}\`. ${description}`.trim() : description;
}

/**
 * Clients may authenticate in the body instead, which the document has no word for but "nothing". What an administrator
 * must hold stands where OpenAPI 3.1 has roles.
 */
function securityOf(route: Route, { security }: RouteSchema) {
  if (route.access === 'admin') {
    const needed = permissionFor(route);
    return {
      security: [{ userToken: [needed] }, { machineToken: [needed] }],
      'x-required-permission': needed,
    };
  }
  if (security === undefined) return {};
  const named = security.map((scheme) => ({ [scheme]: [] }));
  return { security: route.access === 'client' ? [...named, {}] : named };
}

function bodyOf(body: NonNullable<RouteSchema['body']>) {
  const types = Object.entries(body).map(([type, { schema, examples }]) => [
    type,
    // @fastify/swagger finds examples of a body inside its schema, and moves them to where they belong.
    { schema: { ...schema, 'x-examples': examples } },
  ]);
  return { content: Object.fromEntries(types) };
}

function responsesOf(route: Route, schema: RouteSchema) {
  const headers = { ...COMMON_HEADERS, ...(route.limit === 'token' ? LIMIT_HEADERS : {}) };
  const responses = Object.entries(schema.response).map(([status, { name, description, example }]) => [
    status,
    { description, headers, content: { 'application/json': { schema: { $ref: `${name}#` }, example } } },
  ]);
  return Object.fromEntries(responses);
}
