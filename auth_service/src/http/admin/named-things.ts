import type { NamedThings } from '#rbac';
import type { NamedColumn, Role } from '#storage';
import type { Dependencies } from '../dependencies.ts';
import type { ResponseSchema } from '../openapi/route-schema.ts';
import type { Endpoint } from '../route.ts';
import { adminEndpoint } from './endpoint.ts';
import { ifMatch, tagged } from './entity-tag.ts';
import { FORCE, listParameters, readForce, readPage } from './list-query.ts';
import * as parts from './schema-parts.ts';

/** Roles and permissions are administered alike. */
interface Kind {
  readonly noun: 'role' | 'permission';
  readonly things: 'roles' | 'permissions';
  readonly of: (rooms: Dependencies) => NamedThings<Role>;
  readonly exampleName: string;
  readonly nameRule: string;
}

const COLUMNS: readonly NamedColumn[] = ['name', 'created_at', 'updated_at'];

type NamedEndpoints = Record<'CREATE' | 'LIST' | 'SHOW' | 'UPDATE' | 'DELETE', Endpoint>;

export const ROLES: NamedEndpoints = endpointsOf({
  noun: 'role',
  things: 'roles',
  of: ({ rbac }) => rbac.roles,
  exampleName: 'orders-reader',
  nameRule: 'A small letter, then up to 63 of a-z 0-9 _ . -',
});

export const PERMISSIONS: NamedEndpoints = endpointsOf({
  noun: 'permission',
  things: 'permissions',
  of: ({ rbac }) => rbac.permissions,
  exampleName: 'orders:read',
  nameRule: 'noun:verb; each part is a small letter, then up to 63 of a-z 0-9 _ . -',
});

function endpointsOf(kind: Kind): NamedEndpoints {
  const { noun, things, of } = kind;
  const answer = answerOf(kind);
  const properties = { name: { ...parts.text, description: kind.nameRule }, description: parts.nullableText };
  const parameters = { [`${noun}_id`]: { type: 'string', description: `Of the ${noun}, or its name.` } };
  const example = { name: kind.exampleName, description: 'May read orders' };
  const idIn = (params: Readonly<Record<string, string>>) => params[`${noun}_id`] ?? '';

  return {
    CREATE: adminEndpoint(
      {
        summary: `Create a ${noun}`,
        description:
          noun === 'role' ? 'It holds nothing yet.' : 'Only who holds it may: `role:admin_manage` does.',
        body: parts.json(parts.body(properties, ['name']), example),
        response: { 201: answer },
        errors: [...parts.ERRORS_OF_WRITING, 'already_exists'],
      },
      async ({ rooms, by, request, reply }) => {
        const made = await of(rooms).create(by, request.body as NamedBody);
        reply.code(201);
        return tagged(reply, namedBody(made));
      },
    ),

    LIST: adminEndpoint(
      {
        summary: `List ${things}`,
        description: 'By name where no other order is asked for; `q` looks into name and description.',
        query: listParameters(COLUMNS),
        response: { 200: parts.listOf(`${answer.name}List`, answer) },
        errors: parts.ERRORS_OF_READING,
      },
      async ({ rooms, request }) => {
        const { items, count } = await of(rooms).list(readPage(request.query, COLUMNS));
        return { items: items.map(namedBody), count };
      },
    ),

    SHOW: adminEndpoint(
      {
        summary: `Show a ${noun}`,
        description: 'The ETag is for `If-Match`.',
        parameters,
        response: { 200: answer },
        errors: [...parts.ERRORS_OF_READING, 'not_found'],
      },
      async ({ rooms, params, reply }) => tagged(reply, namedBody(await of(rooms).find(idIn(params)))),
    ),

    UPDATE: adminEndpoint(
      {
        summary: `Change a ${noun}`,
        description: `${parts.IF_MATCH} Names of built-in ${things} do not change.`,
        parameters,
        body: parts.json(parts.body(properties, []), example),
        response: { 200: answer },
        errors: [
          ...parts.ERRORS_OF_WRITING,
          'invalid_request',
          'not_found',
          'already_exists',
          'built_in',
          'precondition_failed',
        ],
      },
      async ({ rooms, by, request, reply, params }) => {
        const input = request.body as Partial<NamedBody>;
        const updated = await of(rooms).update(by, idIn(params), input, ifMatch(request, namedBody));
        return tagged(reply, namedBody(updated));
      },
    ),

    DELETE: adminEndpoint(
      {
        summary: `Delete a ${noun}`,
        description: `One in use is 409, which says where, unless \`force=true\`.`,
        parameters,
        query: FORCE,
        response: { 200: parts.MESSAGE },
        errors: [...parts.ERRORS_OF_WRITING, 'not_found', 'in_use', 'built_in'],
      },
      async ({ rooms, by, request, params }) => {
        const gone = await of(rooms).delete(by, idIn(params), { force: readForce(request.query) });
        return { message: `Deleted ${noun} ${gone.name}.` };
      },
    ),
  };
}

interface NamedBody {
  readonly name: string;
  readonly description?: string | null;
}

function namedBody({ id, name, description, createdAt, updatedAt }: Role) {
  return {
    id,
    name,
    description,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}

function answerOf({ noun, exampleName }: Kind): ResponseSchema {
  return {
    name: noun === 'role' ? 'Role' : 'Permission',
    description: `The ${noun}.`,
    schema: {
      type: 'object',
      required: ['id', 'name', 'description', 'created_at', 'updated_at'],
      properties: {
        id: parts.uuid,
        name: { type: 'string' },
        description: parts.textOrNull,
        created_at: parts.time,
        updated_at: parts.time,
      },
    },
    example: {
      id: parts.EXAMPLE_ID,
      name: exampleName,
      description: null,
      created_at: parts.EXAMPLE_TIME,
      updated_at: parts.EXAMPLE_TIME,
    },
  };
}
