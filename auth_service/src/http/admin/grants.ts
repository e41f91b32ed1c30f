import { ServiceError } from '#errors';
import type { Authority, Grant } from '#rbac';
import type { HeldPage, Listed, UserRole } from '#storage';
import type { Dependencies } from '../dependencies.ts';
import type { ResponseSchema } from '../openapi/route-schema.ts';
import type { Endpoint } from '../route.ts';
import { adminEndpoint } from './endpoint.ts';
import { readPage, SEARCH_PARAMETERS } from './list-query.ts';
import * as parts from './schema-parts.ts';

/** One kind of link: who holds, what is held, and the verbs of rbac that give and take it. */
interface Link {
  readonly holder: 'role' | 'client' | 'user';
  readonly thing: 'permission' | 'role';
  /** Done first: the holder may be somebody of whom nothing is written here yet. */
  readonly meet?: (rooms: Dependencies, holder: string) => Promise<void>;
  readonly give: (rbac: Rbac, by: Authority, holder: string, thing: string) => Promise<Grant>;
  /** Done first: whether somebody else can act may hang on what others know. */
  readonly prepareToTake?: (rooms: Dependencies) => Promise<void>;
  readonly take: (rbac: Rbac, by: Authority, holder: string, thing: string) => Promise<Grant>;
  readonly list: (rbac: Rbac, holder: string, page: HeldPage) => Promise<Listed<Held>>;
}

type Rbac = Dependencies['rbac'];

interface Held {
  readonly id: string;
  readonly name: string;
  readonly assignedAt: Date;
}

type GrantEndpoints = Record<'LIST' | 'GRANT' | 'REVOKE', Endpoint>;

const rolesIn = ({ items, count }: Listed<UserRole>): Listed<Held> => ({
  items: items.map((row) => ({ ...row, id: row.roleId })),
  count,
});

export const ROLE_PERMISSIONS: GrantEndpoints = endpointsOf({
  holder: 'role',
  thing: 'permission',
  give: (rbac, ...grant) => rbac.grantPermission(...grant),
  take: (rbac, ...grant) => rbac.revokePermission(...grant),
  list: async (rbac, ...asked) => {
    const { items, count } = await rbac.rolePermissions(...asked);
    return { items: items.map((row) => ({ ...row, id: row.permissionId })), count };
  },
});

export const CLIENT_ROLES: GrantEndpoints = endpointsOf({
  holder: 'client',
  thing: 'role',
  give: (rbac, ...grant) => rbac.grantRoleToClient(...grant),
  take: (rbac, ...grant) => rbac.revokeRoleFromClient(...grant),
  list: async (rbac, ...asked) => rolesIn(await rbac.clientRoles(...asked)),
});

export const USER_ROLES: GrantEndpoints = endpointsOf({
  holder: 'user',
  thing: 'role',
  // Who was born elsewhere, and not seen here yet, is somebody all the same.
  meet: async ({ people }, userId) => void (await people?.users.meet(userId)),
  give: (rbac, ...grant) => rbac.grantRoleToUser(...grant),
  prepareToTake: async ({ people }) => await people?.users.lookAtAdministrators(),
  take: (rbac, ...grant) => rbac.revokeRoleFromUser(...grant),
  list: async (rbac, ...asked) => rolesIn(await rbac.userRoles(...asked)),
});

function endpointsOf(link: Link): GrantEndpoints {
  const { holder, thing } = link;
  const answer = answerOf(link);
  const holderId = `${holder}_id`;
  const thingId = `${thing}_id`;
  const ofHolder = { [holderId]: { type: 'string', description: `Of the ${holder}.` } };
  const ofBoth = { ...ofHolder, [thingId]: { type: 'string', description: `Of the ${thing}, or its name.` } };
  const bodyOf = ({ id, name, assignedAt }: Held, holding: string) => ({
    [holderId]: holding,
    [thingId]: id,
    [thing]: name,
    assigned_at: assignedAt.toISOString(),
  });

  return {
    LIST: adminEndpoint(
      {
        summary: `List the ${thing}s of a ${holder}`,
        description: `By name; \`q\` looks into the name of the ${thing}.`,
        parameters: ofHolder,
        query: SEARCH_PARAMETERS,
        response: { 200: parts.listOf(`${answer.name}List`, answer) },
        errors: [...parts.ERRORS_OF_READING, 'not_found'],
      },
      async ({ rooms, request, params }) => {
        const id = params[holderId] ?? '';
        const { items, count } = await link.list(rooms.rbac, id, readPage(request.query));
        return { items: items.map((row) => bodyOf(row, id)), count };
      },
    ),

    GRANT: adminEndpoint(
      {
        summary: `Give a ${holder} a ${thing}`,
        description: `By id or by name. The actor must hold all that the ${holder} holds and is to hold.`,
        parameters: ofHolder,
        body: parts.json(parts.body({ [thingId]: parts.text, [thing]: parts.text }, []), {
          [thing]: thing === 'role' ? 'orders-reader' : 'orders:read',
        }),
        response: { 201: answer },
        errors: [...parts.ERRORS_OF_WRITING, 'not_found', 'already_exists'],
      },
      async ({ rooms, by, request, reply, params }) => {
        const wanted = oneOf(request.body as Record<string, string>, thingId, thing);
        await link.meet?.(rooms, params[holderId] ?? '');
        const grant = await link.give(rooms.rbac, by, params[holderId] ?? '', wanted);
        if (!grant.changed) {
          throw new ServiceError(
            'already_exists',
            `The ${holder} holds the ${thing} "${grant.name}" already.`,
          );
        }
        reply.code(201);
        return bodyOf(grant, grant.holderId);
      },
    ),

    REVOKE: adminEndpoint(
      {
        summary: `Take a ${thing} from a ${holder}`,
        description: `The actor must hold all that the ${holder} holds.`,
        parameters: ofBoth,
        response: { 200: parts.MESSAGE },
        errors: [
          ...parts.ERRORS_OF_WRITING,
          'not_found',
          ...(holder === 'user' ? (['last_administrator'] as const) : []),
          ...(holder === 'role' ? (['built_in'] as const) : []),
        ],
      },
      async ({ rooms, by, params }) => {
        await link.prepareToTake?.(rooms);
        const { changed, name } = await link.take(
          rooms.rbac,
          by,
          params[holderId] ?? '',
          params[thingId] ?? '',
        );
        if (!changed)
          throw new ServiceError('not_found', `The ${holder} does not hold the ${thing} "${name}".`);
        return { message: `The ${holder} no longer holds the ${thing} ${name}.` };
      },
    ),
  };
}

function oneOf(body: Readonly<Record<string, string>>, id: string, name: string): string {
  const [wanted, ...others] = [body[id], body[name]].filter((value) => value !== undefined);
  if (wanted !== undefined && others.length === 0) return wanted;
  const message = `Send either ${id} or ${name}.`;
  throw new ServiceError('validation_failed', undefined, { fields: [{ field: name, message }] });
}

function answerOf({ holder, thing }: Link): ResponseSchema {
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  return {
    name: `${capital(holder)}${capital(thing)}`,
    description: `A ${thing} that a ${holder} holds.`,
    schema: {
      type: 'object',
      required: [`${holder}_id`, `${thing}_id`, thing, 'assigned_at'],
      properties: {
        [`${holder}_id`]: { type: 'string' },
        [`${thing}_id`]: parts.uuid,
        [thing]: { type: 'string' },
        assigned_at: parts.time,
      },
    },
    example: {
      [`${holder}_id`]: '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a15',
      [`${thing}_id`]: parts.EXAMPLE_ID,
      [thing]: thing === 'role' ? 'orders-reader' : 'orders:read',
      assigned_at: parts.EXAMPLE_TIME,
    },
  };
}
