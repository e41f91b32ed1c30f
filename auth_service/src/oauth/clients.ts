import { requireAuthorityOver } from '#rbac';
import { changeInLock, createClientChange, noSuchClient } from './client-change.ts';
import { createClientInsert } from './client-creation.ts';
import { createClientSecrets } from './client-secrets.ts';
import { validateNewClient } from './new-client.ts';
import type { ClientDependencies, Clients } from './types.ts';

export function createClients(dependencies: ClientDependencies): Clients {
  const { storage, audit } = dependencies;
  const insertClient = createClientInsert(dependencies);

  return {
    create: async (by, input) => await insertClient(by, validateNewClient(input)),

    list: (page) => storage.clients.list(page),

    async show(id) {
      const found = await storage.clients.findForToken(id);
      if (found === null) throw noSuchClient();
      const { client, roles, permissions } = found;
      return { client, roles, permissions };
    },

    update: createClientChange(dependencies),

    async delete(asked, id) {
      await changeInLock(dependencies, asked, id, async (stores, { client, permissions }, by) => {
        requireAuthorityOver(by, permissions, []);
        await stores.clients.delete(client.id);
        await audit.record(stores, {
          action: 'client.deleted',
          actor: by,
          subject: { type: 'client', id: client.id },
          detail: { name: client.name },
        });
      });
    },

    ...createClientSecrets(dependencies),
  };
}
