import { isDeepStrictEqual } from 'node:util';
import { ServiceError } from '#errors';
import { type Authority, administer, requireAuthorityOver } from '#rbac';
import type { Client, ClientForToken, Role, TransactionStores } from '#storage';
import { type ClientColumns, validateColumns } from './client-columns.ts';
import { findRoles } from './client-creation.ts';
import { endTokensOf } from './client-tokens.ts';
import { rolesOf } from './new-client.ts';
import type { ClientChange, ClientDependencies, ClientDetails, Clients } from './types.ts';

export function noSuchClient(): ServiceError {
  return new ServiceError('not_found', 'There is no client with this id.');
}

/** One change of a client at a time, with what it holds as it stands. @throws ServiceError `not_found`. */
export function changeInLock<T>(
  dependencies: Pick<ClientDependencies, 'storage' | 'now' | 'onRightsChanged'>,
  asked: Authority,
  id: string,
  work: (stores: TransactionStores, found: ClientForToken, by: Authority) => Promise<T>,
): Promise<T> {
  return administer(dependencies, asked, async (stores, by) => {
    const found = await stores.clients.findForToken(id);
    if (found === null) throw noSuchClient();
    return work(stores, found, by);
  });
}

export function createClientChange(dependencies: ClientDependencies): Clients['update'] {
  const { audit, now } = dependencies;

  return async (asked, id, change, precondition) => {
    const { roles: wanted, ...given } = change;
    const roleNames = wanted === undefined ? null : rolesOf(wanted);
    return await changeInLock(dependencies, asked, id, async (stores, found, by): Promise<ClientDetails> => {
      precondition?.(found);
      const columns = merge(found.client, given);
      const roles = roleNames === null ? null : await findRoles(stores, roleNames);
      const carried =
        roles === null
          ? found.permissions
          : await stores.rolePermissions.carried(roles.map((role) => role.id));
      requireAuthorityOver(by, found.permissions, carried);

      const client = await updateColumns(stores, by, found.client, columns);
      if (roles !== null) await setRoles(stores, by, found, roles);
      return { client, roles: roleNames ?? found.roles, permissions: carried };
    });
  };

  async function updateColumns(
    stores: TransactionStores,
    by: Authority,
    before: Client,
    columns: ClientColumns,
  ): Promise<Client> {
    const names = Object.keys(columns) as (keyof ClientColumns)[];
    const fields = names.filter((name) => !isDeepStrictEqual(columns[name], before[name]));
    if (fields.length === 0) return before;
    const updated = await stores.clients.update(before.id, { ...columns, updatedAt: now() });
    // Switched on again, it begins anew: what was taken from it must not come back with the switch.
    if (before.isActive && !columns.isActive) await endTokensOf(stores, dependencies, before.id);
    else if (before.refreshTokens && !columns.refreshTokens) {
      await stores.clientRefreshTokens.deleteOf(before.id);
    }
    const subject = { type: 'client', id: before.id };
    await audit.record(stores, { action: 'client.updated', actor: by, subject, detail: { fields } });
    return updated ?? before;
  }

  async function setRoles(
    stores: TransactionStores,
    by: Authority,
    { client, roles: heldNames }: ClientForToken,
    wanted: readonly Role[],
  ): Promise<void> {
    const subject = { type: 'client', id: client.id };
    const held = await stores.roles.findByNames(heldNames);
    const record = (action: 'role.granted' | 'role.removed', { id, name }: Role) =>
      audit.record(stores, { action, actor: by, subject, detail: { role: name, role_id: id } });
    for (const role of wanted.filter(({ id }) => !held.some((other) => other.id === id))) {
      await stores.clientRoles.add({ clientId: client.id, roleId: role.id, assignedAt: now() });
      await record('role.granted', role);
    }
    for (const role of held.filter(({ id }) => !wanted.some((other) => other.id === id))) {
      await stores.clientRoles.remove(client.id, role.id);
      await record('role.removed', role);
    }
  }
}

/** What is left out stays; the whole is judged, since rules hold between columns. */
function merge(client: Client, given: Omit<ClientChange, 'roles'>): ClientColumns {
  const { id: _id, createdAt: _created, updatedAt: _updated, ...columns } = client;
  const changes = Object.entries(given).filter(([, value]) => value !== undefined);
  return validateColumns({ ...columns, ...(Object.fromEntries(changes) as Partial<ClientColumns>) });
}
