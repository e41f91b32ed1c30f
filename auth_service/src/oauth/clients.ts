import type { Actor } from '#audit';
import type { Random } from '#crypto';
import { ServiceError } from '#errors';
import { RBAC_LOCK } from '#rbac';
import type { Role, TransactionStores } from '#storage';
import { importSecret, makeSecret, type NewSecret } from './client-secret.ts';
import { type ValidClient, validateNewClient } from './new-client.ts';
import type { ClientDetails, Clients, CreatedClient, OauthDependencies } from './types.ts';

export function createClients(dependencies: OauthDependencies): Clients {
  const { storage, audit } = dependencies;
  const insertClient = createClientInsert(dependencies);

  return {
    async create(actor, input) {
      return await insertClient(actor, validateNewClient(input));
    },

    list: (page) => storage.clients.list(page),

    async show(id): Promise<ClientDetails> {
      const found = await storage.clients.findForToken(id);
      if (found === null) throw noSuchClient();
      const secrets = await storage.clientSecrets.list(id);
      return {
        client: found.client,
        secrets: secrets.map(({ hash: _hash, ...secret }) => secret),
        roles: found.roles,
        permissions: found.permissions,
      };
    },

    async delete(actor, id) {
      await storage.transaction(async (stores) => {
        const client = await stores.clients.find(id);
        if (client === null || !(await stores.clients.delete(id))) throw noSuchClient();
        await audit.record(stores, {
          action: 'client.deleted',
          actor,
          subject: { type: 'client', id: client.id },
          detail: { name: client.name },
        });
      });
    },
  };
}

function noSuchClient(): ServiceError {
  return new ServiceError('not_found', 'There is no client with this id.');
}

function createClientInsert({ storage, audit, now, random }: OauthDependencies) {
  return async (actor: Actor, valid: ValidClient): Promise<CreatedClient> => {
    const { roles: roleNames, columns } = valid;
    const id = valid.id ?? random.uuid();
    const secret = secretFor(valid, random);
    const createdAt = now();
    const subject = { type: 'client', id };

    const client = await storage.transaction(async (stores) => {
      // A role that is being deleted at the same time must not count as unused.
      await stores.lock(RBAC_LOCK);
      const roles = await findRoles(stores, roleNames);
      const inserted = await stores.clients.insert({
        ...columns,
        id,
        createdAt,
        updatedAt: createdAt,
      });
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
      await audit.record(stores, { action: 'client.created', actor, subject, detail });
      for (const role of roles) {
        await stores.clientRoles.add({ clientId: id, roleId: role.id, assignedAt: createdAt });
        await audit.record(stores, { action: 'role.granted', actor, subject, detail: { role: role.name } });
      }
      return inserted;
    });
    return { client, roles: roleNames, secret: secret?.text ?? null };
  };
}

/** Who proves himself with a key alone has no secret that could leak. */
function secretFor({ columns, importedSecretHash }: ValidClient, random: Random): NewSecret | null {
  if (columns.tokenEndpointAuthMethod === 'private_key_jwt') return null;
  return importedSecretHash === null ? makeSecret(random) : importSecret(importedSecretHash);
}

/** @throws ServiceError `validation_failed` naming each role that does not exist. */
async function findRoles(stores: TransactionStores, names: readonly string[]): Promise<Role[]> {
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
