import type { RouteHandlerMethod } from 'fastify';
import type { Dependencies } from '../dependencies.ts';
import type { Endpoint } from '../route.ts';
import { KEYS_OF_PEOPLE_SCHEMA, KEYS_SCHEMA, METADATA_SCHEMA } from './schema.ts';

/** Short, so that a key taken out of the ring in an emergency is soon forgotten by caches as well. */
const KEYS_CACHE = 'public, max-age=60';
const METADATA_CACHE = 'public, max-age=300';

/** RFC 8414 §3. */
export const METADATA: Endpoint = { schema: METADATA_SCHEMA, handle: showMetadata };

/** RFC 7517 §5. */
export const KEYS: Endpoint = { schema: KEYS_SCHEMA, handle: ({ keys }) => showKeys(keys), waits: true };

/** Where GoTrue has its own, so that consumers of people's tokens find them. */
export const KEYS_OF_PEOPLE: Endpoint = {
  schema: KEYS_OF_PEOPLE_SCHEMA,
  waits: true,
  handle({ people }) {
    const keys = people?.keys ?? null;
    if (keys === null) throw new TypeError('keys of people need accounts of our own');
    return showKeys(keys);
  },
};

function showMetadata({ oauth }: Dependencies): RouteHandlerMethod {
  return async (_request, reply) => {
    const metadata = oauth.metadata();
    reply.header('cache-control', METADATA_CACHE);
    return metadata;
  };
}

function showKeys(keys: Dependencies['keys']): RouteHandlerMethod {
  return async (_request, reply) => {
    const jwks = await keys.jwks();
    reply.header('cache-control', KEYS_CACHE);
    return jwks;
  };
}
