import { ServiceError } from '#errors';
import type { Role, TransactionStores } from '#storage';
import { type Authority, requireAuthorityOver } from './authority.ts';
import { ADMIN_PERMISSION } from './built-ins.ts';
import { administer, type RbacDependencies } from './dependencies.ts';
import type { NamedThings, NewNamedThing, Precondition } from './index.ts';
import { find, type Kind } from './kinds.ts';
import { checkNames } from './names.ts';

export function createNamedThings(kind: Kind, dependencies: RbacDependencies): NamedThings<Role> {
  const { storage, audit, now, random } = dependencies;
  const { noun } = kind;

  async function create(asked: Authority, input: NewNamedThing): Promise<Role> {
    const { name } = input;
    const description = input.description || null;
    checkNames(noun, name, description);
    return administer(dependencies, asked, async (stores, by) => {
      const id = random.uuid();
      requireAuthorityOver(by, [], await kind.carried(stores, id, name));
      await requireFree(stores, kind, name);
      const at = now();
      const made = await kind.store(stores).insert({ id, name, description, createdAt: at, updatedAt: at });
      const subject = { type: noun, id };
      await audit.record(stores, { action: `${noun}.created`, actor: by, subject, detail: { name } });
      return made;
    });
  }

  async function update(
    asked: Authority,
    idOrName: string,
    input: Partial<NewNamedThing>,
    precondition?: Precondition<Role>,
  ): Promise<Role> {
    checkNames(noun, input.name, input.description || null);
    return administer(dependencies, asked, async (stores, by) => {
      const thing = await find(stores, kind, idOrName);
      const { id } = thing;
      precondition?.(thing);
      const wanted = { name: thing.name, description: thing.description, ...given(input) };
      const before = await kind.carried(stores, id, thing.name);
      requireAuthorityOver(by, before, await kind.carried(stores, id, wanted.name));
      const fields = (['name', 'description'] as const).filter((field) => wanted[field] !== thing[field]);
      if (fields.length === 0) return thing;
      if (fields.includes('name')) {
        if (kind.isBuiltIn(thing.name)) throw builtIn(kind, thing, 'renamed');
        await requireFree(stores, kind, wanted.name);
      }
      const updated = await kind.store(stores).update(id, { ...wanted, updatedAt: now() });
      const detail = { name: wanted.name, fields, ...(fields.includes('name') && { was: thing.name }) };
      await audit.record(stores, {
        action: `${noun}.updated`,
        actor: by,
        subject: { type: noun, id },
        detail,
      });
      return updated ?? thing;
    });
  }

  async function remove(
    asked: Authority,
    idOrName: string,
    options: { readonly force?: boolean } = {},
  ): Promise<Role> {
    return administer(dependencies, asked, async (stores, by) => {
      const thing = await find(stores, kind, idOrName);
      const { force = false } = options;
      requireAuthorityOver(by, await carriedBefore(stores, kind, thing, force), []);
      if (thing.name === kind.kept) throw builtIn(kind, thing, 'deleted');
      const use = await kind.use(stores, thing.id);
      if (use !== null && !force) {
        throw new ServiceError('in_use', `The ${noun} "${thing.name}" is still in use. ${use.sentence}`);
      }
      await kind.store(stores).delete(thing.id);
      const subject = { type: noun, id: thing.id };
      const detail = { name: thing.name, ...use?.detail };
      await audit.record(stores, { action: `${noun}.deleted`, actor: by, subject, detail });
      return thing;
    });
  }

  return {
    create,
    list: (page) => kind.store(storage).list(page),
    find: (idOrName) => find(storage, kind, idOrName),
    update,
    delete: remove,
  };
}

/**
 * By force it is taken from roles and principals, who are written to as well. What is built in was made for all, and is
 * given up by who stands for all.
 */
async function carriedBefore(
  stores: TransactionStores,
  kind: Kind,
  { id, name }: Role,
  force: boolean,
): Promise<readonly string[]> {
  const own = await kind.carried(stores, id, name);
  return [
    ...own,
    ...(kind.isBuiltIn(name) ? [ADMIN_PERMISSION] : []),
    ...(force ? await kind.store(stores).carriedByHolders(id) : []),
  ];
}

/** What was given, an empty description meaning none. */
function given({ name, description }: Partial<NewNamedThing>) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description: description || null }),
  };
}

async function requireFree(stores: TransactionStores, kind: Kind, name: string): Promise<void> {
  if ((await kind.store(stores).findByName(name)) !== null) {
    throw new ServiceError('already_exists', `The ${kind.noun} "${name}" exists already.`);
  }
}

function builtIn({ noun }: Kind, { name }: Role, verb: string): ServiceError {
  return new ServiceError('built_in', `The ${noun} "${name}" is built in and cannot be ${verb}.`);
}
