import type { Actor } from '#audit';
import { ServiceError } from '#errors';
import type { Role } from '#storage';
import { change, type RbacDependencies } from './dependencies.ts';
import type { NamedThings, NewNamedThing } from './index.ts';
import { find, type Kind, noSuch } from './kinds.ts';
import { checkNewThing } from './names.ts';

export function createNamedThings(kind: Kind, dependencies: RbacDependencies): NamedThings<Role> {
  const { storage, audit, now, random } = dependencies;
  const { noun } = kind;

  async function create(actor: Actor, input: NewNamedThing): Promise<Role> {
    const { name } = input;
    const description = input.description === '' ? null : (input.description ?? null);
    checkNewThing(noun, name, description);
    return change(dependencies, async (stores) => {
      const store = kind.store(stores);
      if ((await store.findByName(name)) !== null) {
        throw new ServiceError('already_exists', `The ${noun} "${name}" exists already.`);
      }
      const at = now();
      const made = await store.insert({ id: random.uuid(), name, description, createdAt: at, updatedAt: at });
      const subject = { type: noun, id: made.id };
      await audit.record(stores, { action: `${noun}.created`, actor, subject, detail: { name } });
      return made;
    });
  }

  async function remove(
    actor: Actor,
    idOrName: string,
    options: { readonly force?: boolean } = {},
  ): Promise<Role> {
    return change(dependencies, async (stores) => {
      const thing = await find(stores, kind, idOrName);
      if (thing.name === kind.kept) {
        throw new ServiceError('built_in', `The ${noun} "${thing.name}" is built in and cannot be deleted.`);
      }
      const use = await kind.use(stores, thing.id);
      if (use !== null && options.force !== true) {
        throw new ServiceError('in_use', `The ${noun} "${thing.name}" is still in use. ${use.sentence}`);
      }
      await kind.store(stores).delete(thing.id);
      const subject = { type: noun, id: thing.id };
      const detail = { name: thing.name, ...use?.detail };
      await audit.record(stores, { action: `${noun}.deleted`, actor, subject, detail });
      return thing;
    });
  }

  return {
    create,
    list: (page) => kind.store(storage).list(page),
    async findByName(name) {
      const found = kind.pattern.test(name) ? await kind.store(storage).findByName(name) : null;
      if (found === null) throw noSuch(noun, name);
      return found;
    },
    delete: remove,
  };
}
