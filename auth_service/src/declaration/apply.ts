import { isServiceError, ServiceError } from '#errors';
import { type Authority, RBAC_LOCK } from '#rbac';
import type { Storage, TransactionStores } from '#storage';
import { readCurrent } from './current.ts';
import type { Change, Declaration, DeclarationDependencies, DeclaredClient, Rooms } from './index.ts';
import { type PlannedChange, planChanges } from './plan.ts';

export function createDeclaration({ storage, openRooms }: DeclarationDependencies): Declaration {
  return {
    async apply(by, declared, { dryRun = false, prune = false, force = false } = {}) {
      let done: Change[] = [];
      try {
        await storage.transaction(async (stores) => {
          // Nothing may change between looking and doing.
          await stores.lock(RBAC_LOCK);
          const planned = planChanges(declared, await readCurrent(stores), prune);
          const rooms = openRooms(within(storage, stores));
          done = [];
          for (const change of planned) done.push(await carryOut(rooms, by, change, force));
          if (!dryRun) return;
          // Made and undone: the ids of new clients mean nothing.
          done = planned.map(({ declaredClient: _declared, ...change }) => change);
          throw new Undone();
        });
      } catch (error) {
        if (!(error instanceof Undone)) throw error;
      }
      return done;
    },

    async export() {
      const { permissions, roles, clients } = await readCurrent(storage);
      return {
        permissions: [...permissions].map(([name, description]) => ({ name, description })),
        roles: [...roles].map(([name, { description, permissions: held }]) => ({
          name,
          description,
          permissions: held,
        })),
        clients: clients.map(
          ({ createdAt: _created, updatedAt: _updated, ...client }) => client as DeclaredClient,
        ),
      };
    },
  };
}

/** Ends a transaction that was only tried. */
class Undone extends Error {}

/** Whoever asks for a transaction gets the one that is open. */
function within(storage: Storage, stores: TransactionStores): Storage {
  return {
    ...storage,
    ...stores,
    transaction: (work) => work(stores),
    async transactionUnder(lock, work) {
      await stores.lock(lock);
      return await work(stores);
    },
  };
}

/** @throws ServiceError, the message saying which change it was. */
async function carryOut(rooms: Rooms, by: Authority, change: PlannedChange, force: boolean): Promise<Change> {
  const { declaredClient: _declared, ...shown } = change;
  try {
    if (change.noun === 'client') return await carryOutClient(rooms, by, change, shown);
    const things = change.noun === 'role' ? rooms.rbac.roles : rooms.rbac.permissions;
    const description = change.fields.find(({ field }) => field === 'description')?.after as string | null;
    if (change.verb === 'create') await things.create(by, { name: change.name, description });
    else if (change.verb === 'delete') await things.delete(by, change.name, { force });
    else if (change.fields.length > 0) await things.update(by, change.name, { description });
    for (const name of change.granted) await rooms.rbac.grantPermission(by, change.name, name);
    for (const name of change.revoked) await rooms.rbac.revokePermission(by, change.name, name);
    return shown;
  } catch (error) {
    if (!isServiceError(error)) throw error;
    const { fields, retryAfterSeconds } = error;
    throw new ServiceError(error.code, `${change.noun} "${change.name}": ${error.message}`, {
      cause: error,
      ...(fields === undefined ? {} : { fields }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
}

async function carryOutClient(
  { clients }: Rooms,
  by: Authority,
  { verb, clientId = '', declaredClient }: PlannedChange,
  shown: Change,
): Promise<Change> {
  if (verb === 'delete') {
    await clients.delete(by, clientId);
    return shown;
  }
  if (declaredClient === undefined) throw new Error('a client is to be made of nothing');
  const { id: _id, ...wanted } = declaredClient;
  if (verb === 'update') {
    await clients.update(by, clientId, wanted);
    return shown;
  }
  const input = { ...wanted, ...(clientId === '' ? {} : { id: clientId }), makesSecret: false };
  const { client } = await clients.create(by, input);
  return { ...shown, clientId: client.id };
}
