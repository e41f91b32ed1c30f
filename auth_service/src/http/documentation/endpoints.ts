import { readFile } from 'node:fs/promises';
import type { RouteHandlerMethod } from 'fastify';
import { ServiceError } from '#errors';
import type { Dependencies } from '../dependencies.ts';
import type { OpenApiDocument } from '../openapi/document.ts';
import type { Endpoint } from '../route.ts';
import { documentationPolicy } from '../security-headers.ts';
import { PAGE, START_SCRIPT } from './page.ts';

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const FILES_CACHE = 'public, max-age=3600';

/** All that is served below /docs/, and where it comes from: nothing of the request becomes a path. */
const FILES: ReadonlyMap<string, { type: string; read: () => Promise<string | Buffer> }> = new Map([
  ['start.js', { type: JAVASCRIPT, read: async () => START_SCRIPT }],
  ['swagger-ui-bundle.js', { type: JAVASCRIPT, read: () => readStatic('swagger-ui-bundle.js') }],
  ['swagger-ui.css', { type: 'text/css; charset=utf-8', read: () => readStatic('swagger-ui.css') }],
  ['favicon-32x32.png', { type: 'image/png', read: () => readStatic('favicon-32x32.png') }],
]);

/** @param render called once, when the document is first asked for: a start needs none of what it takes */
export function openApiEndpoint(render: () => Promise<OpenApiDocument>): Endpoint {
  return { schema: null, handle: () => showOpenApi(render), quiet: true };
}

/** A page for people, made of files of our own: nothing is fetched from elsewhere. */
export const REFERENCE: Endpoint = { schema: null, handle: showReference, quiet: true };

export const REFERENCE_FILE: Endpoint = { schema: null, handle: showReferenceFile, quiet: true };

function showOpenApi(render: () => Promise<OpenApiDocument>): RouteHandlerMethod {
  let document: Promise<string> | null = null;
  return async (_request, reply) => {
    document ??= render().then((rendered) => JSON.stringify(rendered));
    return reply.type('application/json; charset=utf-8').send(await document);
  };
}

function showReference({ config }: Dependencies): RouteHandlerMethod {
  const policy = documentationPolicy(config.server.publicUrl);
  return async (_request, reply) =>
    reply
      .headers({ 'content-security-policy': policy, 'content-type': 'text/html; charset=utf-8' })
      .send(PAGE);
}

function showReferenceFile(): RouteHandlerMethod {
  return async (request, reply) => {
    const { file: name } = request.params as { file: string };
    const file = FILES.get(name);
    if (file === undefined) throw new ServiceError('not_found');
    const content = await file.read();
    return reply.headers({ 'content-type': file.type, 'cache-control': FILES_CACHE }).send(content);
  };
}

/** The files of Swagger UI without its Fastify plugin, which would cost every start more than the rest of the routes. */
function readStatic(name: string): Promise<Buffer> {
  return readFile(new URL(`static/${name}`, import.meta.resolve('@fastify/swagger-ui/package.json')));
}
