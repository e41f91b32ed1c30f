import { isDeepStrictEqual } from 'node:util';
import { type FieldError, ServiceError } from '#errors';
import { BUILT_IN_PERMISSIONS, BUILT_IN_ROLES } from '#rbac';
import type { Current, CurrentClient } from './current.ts';
import type { Change, Declared, DeclaredClient, FieldChange } from './index.ts';

/** A change with the client that it is about, where there is one already. */
export interface PlannedChange extends Change {
  readonly declaredClient?: DeclaredClient;
}

type Fields = Readonly<Record<string, unknown>>;

/** What is to be done so that everything is as declared, in an order in which it can be done. */
export function planChanges(declared: Declared, current: Current, prune: boolean): PlannedChange[] {
  const { permissions, roles, clients } = declared;
  const matched = matchClients(clients ?? [], current.clients);
  const made: PlannedChange[] = [
    ...(permissions ?? []).flatMap(({ name, ...fields }) => {
      const before = current.permissions.get(name);
      const known = before === undefined ? undefined : { description: before };
      return difference({ noun: 'permission', name }, fields, known, [], []);
    }),
    ...(roles ?? []).flatMap(({ name, permissions: wanted, ...fields }) => {
      const before = current.roles.get(name);
      const known = before === undefined ? undefined : { description: before.description };
      return difference({ noun: 'role', name }, fields, known, wanted, before?.permissions ?? []);
    }),
    ...matched.flatMap(([client, before]) => {
      const { id, roles: wanted, ...fields } = client;
      const subject = {
        noun: 'client',
        name: client.name,
        ...((before ?? client).id && { clientId: before?.id ?? id }),
      };
      const changes = difference(
        subject as Subject,
        fields,
        before as Fields | undefined,
        wanted,
        before?.roles ?? [],
      );
      return changes.map((change) => ({ ...change, declaredClient: client }));
    }),
  ];
  return prune ? [...made, ...leftOut(declared, current, matched)] : made;
}

type Subject = Pick<Change, 'noun' | 'name' | 'clientId'>;

/** @param before undefined: there is none yet; @param wanted undefined: what it holds is none of the file's business */
function difference(
  subject: Subject,
  fields: Fields,
  before: Fields | undefined,
  wanted: readonly string[] | undefined,
  held: readonly string[],
): PlannedChange[] {
  const changed: FieldChange[] = Object.entries(fields)
    .filter(
      ([field, after]) =>
        !(field === 'name' && before === undefined) &&
        !isDeepStrictEqual(before?.[field] ?? null, after ?? null),
    )
    .map(([field, after]) => ({ field, before: before?.[field] ?? null, after: after ?? null }));
  const granted = (wanted ?? held).filter((name) => !held.includes(name)).sort();
  const revoked = wanted === undefined ? [] : held.filter((name) => !wanted.includes(name)).sort();
  if (before === undefined) return [{ ...subject, verb: 'create', fields: changed, granted, revoked: [] }];
  if (changed.length + granted.length + revoked.length === 0) return [];
  return [{ ...subject, verb: 'update', fields: changed, granted, revoked }];
}

/** Each declared client with the one that it is. @throws ServiceError `validation_failed` where that cannot be told. */
function matchClients(
  declared: readonly DeclaredClient[],
  current: readonly CurrentClient[],
): [DeclaredClient, CurrentClient | undefined][] {
  const fields: FieldError[] = [];
  const byId = new Map(current.map((client) => [client.id, client]));
  const byName = Map.groupBy(current, ({ name }) => name);
  const matched = declared.map((client, index): [DeclaredClient, CurrentClient | undefined] => {
    if (client.id !== undefined) return [client, byId.get(client.id)];
    const [only, ...others] = byName.get(client.name) ?? [];
    if (others.length > 0) {
      const message = `${others.length + 1} clients are called "${client.name}": say which by its client_id`;
      fields.push({ field: `clients[${index}]`, message });
    }
    return [client, only];
  });
  const ids = matched.flatMap(([, before]) => (before === undefined ? [] : [before.id]));
  for (const [index, id] of ids.entries()) {
    if (ids.indexOf(id) !== index)
      fields.push({ field: 'clients', message: `the client ${id} stands there twice` });
  }
  if (fields.length > 0) throw new ServiceError('validation_failed', undefined, { fields });
  return matched;
}

/** Of the parts that the file has. Clients go first, then roles, then permissions, as they hold each other. */
function leftOut(
  { permissions, roles, clients }: Declared,
  current: Current,
  matched: readonly [DeclaredClient, CurrentClient | undefined][],
): PlannedChange[] {
  const deletion = (subject: Subject): PlannedChange => ({
    ...subject,
    verb: 'delete',
    fields: [],
    granted: [],
    revoked: [],
  });
  const named = (
    noun: 'role' | 'permission',
    there: Iterable<string>,
    kept: readonly { name: string }[],
    builtIns: readonly { name: string }[],
  ) =>
    [...there]
      .filter((name) => ![...kept, ...builtIns].some((other) => other.name === name))
      .map((name) => deletion({ noun, name }));
  const staying = new Set(matched.map(([, before]) => before?.id));
  return [
    ...(clients === undefined ? [] : current.clients)
      .filter(({ id }) => !staying.has(id))
      .map(({ id, name }) => deletion({ noun: 'client', name, clientId: id })),
    ...(roles === undefined ? [] : named('role', current.roles.keys(), roles, BUILT_IN_ROLES)),
    ...(permissions === undefined
      ? []
      : named('permission', current.permissions.keys(), permissions, BUILT_IN_PERMISSIONS)),
  ];
}
