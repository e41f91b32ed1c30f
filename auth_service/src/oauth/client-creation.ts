import type { Random } from '#crypto';
import { ServiceError } from '#errors';
import { type Authority, administer, requireAuthorityOver } from '#rbac';
import type { Role, Stores } from '#storage';
import { importSecret, makeSecret, type NewSecret } from './client-secret.ts';
import { endEarlierTokensOf } from './client-tokens.ts';
import type { ValidClient } from './new-client.ts';
import type { ClientDependencies, CreatedClient } from './types.ts';

export function createClientInsert(dependencies: ClientDependencies) {
  const { audit, now, random } = dependencies;
  return async (asked: Authority, valid: ValidClient): Promise<CreatedClient> => {
    const { roles: roleNames, columns } = valid;
    const id = valid.id ?? random.uuid();
    const secret = secretFor(valid, random);
    const createdAt = now();
    const subject = { type: 'client', id };

    // Under the lock, so that a role that is being deleted at the same time does not count as unused.
    const created = await administer(dependencies, asked, async (stores, by) => {
      const roles = await findRoles(stores, roleNames);
      const permissions = await stores.rolePermissions.carried(roles.map((role) => role.id));
      requireAuthorityOver(by, [], permissions);
      const client = await stores.clients.insert({ ...columns, id, createdAt, updatedAt: createdAt });
      // There may have been one with this id before.
      if (valid.id !== null) await endEarlierTokensOf(stores, dependencies, id);
      if (secret !== null) {
        await stores.clientSecrets.insert({
          ...secret.stored,
          id: random.uuid(),
          clientId: id,
          createdAt,
          expiresAt: null,
          lastUsedAt: null,
        });
      }
      const detail = { name: columns.name, roles: roleNames };
      await audit.record(stores, { action: 'client.created', actor: by, subject, detail });
      for (const role of roles) {
        await stores.clientRoles.add({ clientId: id, roleId: role.id, assignedAt: createdAt });
        const given = { role: role.name, role_id: role.id };
        await audit.record(stores, { action: 'role.granted', actor: by, subject, detail: given });
      }
      return { client, permissions };
    });
    return { ...created, roles: roleNames, secret: secret?.text ?? null };
  };
}

/** Who proves himself with a key alone has no secret that could leak. */
function secretFor(valid: ValidClient, random: Random): NewSecret | null {
  const { columns, importedSecretHash, makesSecret } = valid;
  if (columns.tokenEndpointAuthMethod === 'private_key_jwt') return null;
  if (importedSecretHash !== null) return importSecret(importedSecretHash);
  return makesSecret ? makeSecret(random) : null;
}

/** @throws ServiceError `validation_failed` naming each role that does not exist. */
export async function findRoles(stores: Pick<Stores, 'roles'>, names: readonly string[]): Promise<Role[]> {
  const roles = await stores.roles.findByNames([...names]);
  const known = new Set(roles.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new ServiceError('validation_failed', `There is no role named ${unknown.join(', ')}.`, {
      fields: unknown.map((name) => ({ field: 'assigned_roles', message: `there is no role named ${name}` })),
    });
  }
  return roles;
}
