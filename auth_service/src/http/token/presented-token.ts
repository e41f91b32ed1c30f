import type { RouteHandlerMethod } from 'fastify';
import type { Dependencies } from '../dependencies.ts';
import type { Endpoint } from '../route.ts';
import { readRequest } from './endpoint.ts';
import type { ParameterNames } from './parameters.ts';
import { INTROSPECT_SCHEMA, PRESENTED_PARAMETERS, REVOKE_SCHEMA } from './presented-schema.ts';

const NAMES: ParameterNames = {
  known: new Set(Object.keys(PRESENTED_PARAMETERS)),
  repeatable: new Set(),
};
const NEVER_STORED = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** RFC 7662, as far as it is HTTP. */
export const INTROSPECT: Endpoint = {
  schema: INTROSPECT_SCHEMA,
  handle: introspect,
  dialect: 'oauth',
  waits: true,
};

/** RFC 7009, as far as it is HTTP. */
export const REVOKE: Endpoint = { schema: REVOKE_SCHEMA, handle: revoke, dialect: 'oauth', waits: true };

function introspect({ oauth }: Pick<Dependencies, 'oauth'>): RouteHandlerMethod {
  return async (request, reply) => {
    const { clientId, answer } = await oauth.introspect(readRequest(request, NAMES));
    request.record.clientId = clientId;
    reply.headers(NEVER_STORED);
    return answer;
  };
}

function revoke({ oauth }: Pick<Dependencies, 'oauth'>): RouteHandlerMethod {
  return async (request, reply) => {
    const { clientId } = await oauth.revoke(readRequest(request, NAMES));
    request.record.clientId = clientId;
    reply.headers(NEVER_STORED);
    return {};
  };
}
