import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { TEST_EPOCH } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aClient, aSecret, minutesAfter, permissionNamed, roleNamed } from './builders.ts';

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

describeOnEachDatabase('client stores: crud', (open) => {
  it('a client comes back as it went in', async () => {
    const { storage } = await open();
    const client = aClient({
      name: 'Ünïcode “orders” \\ 100%_',
      description: 'with a description',
      isActive: false,
      allowedCallbackUrls: ['https://a.example/cb', 'https://b.example/{"x,y"}'],
      allowedResources: ['https://api.example'],
      tokenEndpointAuthMethod: 'client_secret_basic',
      tokenLifetimeSeconds: 60,
      updatedAt: minutesAfter(TEST_EPOCH, 1),
    });
    assert.deepEqual(await storage.clients.insert(client), client);
    assert.deepEqual(await storage.clients.find(client.id), client);
    assert.deepEqual(await storage.clients.find(client.id.toUpperCase()), client);
  });

  it('an unknown client is null, and one whose id is no UUID never reaches SQL', async () => {
    const { storage, statements } = await open();
    assert.equal(await storage.clients.find(UNKNOWN), null);
    assert.equal(await storage.clients.findForToken(UNKNOWN), null);
    assert.equal(await storage.clients.delete(UNKNOWN), false);
    statements.length = 0;
    for (const id of ['', 'orders', "' or true --", `${UNKNOWN}0`, `{${UNKNOWN}}`, 'a\0b']) {
      assert.equal(await storage.clients.find(id), null);
      assert.equal(await storage.clients.findForToken(id), null);
      assert.equal(await storage.clients.delete(id), false);
      assert.deepEqual(await storage.clientSecrets.list(id), []);
      assert.equal(
        await storage.clientSecrets.replaceHash(id, 'a', { algorithm: 'sha256', hash: 'b' }),
        false,
      );
      assert.deepEqual(await storage.clientRoles.list(id), []);
      assert.equal(await storage.clientRoles.remove(id, UNKNOWN), false);
    }
    assert.deepEqual(statements, []);
  });

  it('clients are listed newest first, in pages, with the count of all', async () => {
    const { storage, statements } = await open();
    for (const minute of [1, 2, 3, 4, 5]) {
      await storage.clients.insert(
        aClient({ name: `Client ${minute}`, createdAt: minutesAfter(TEST_EPOCH, minute) }),
      );
    }
    const page = async (limit: number, offset: number) => {
      statements.length = 0;
      const { items, count } = await storage.clients.list({ limit, offset });
      assert.ok(statements.length <= 2);
      return [items.map(({ name }) => name.slice(-1)).join(''), count];
    };
    assert.deepEqual(await page(2, 0), ['54', 5]);
    assert.deepEqual(await page(2, 4), ['1', 5]);
    assert.deepEqual(await page(2, 6), ['', 5]);
    assert.deepEqual(await page(50, 0), ['54321', 5]);
    assert.deepEqual(await page(5, 0), ['54321', 5]);
  });

  it('a search finds what contains the text in name or description, in any case, wildcards taken literally', async () => {
    const { storage } = await open();
    const names = ['Orders', 'Billing 100%', 'snake_case', 'back\\slash', 'plain'];
    for (const name of names) await storage.clients.insert(aClient({ name }));
    await storage.clients.insert(aClient({ name: 'Other', description: 'Talks to ORDERS' }));
    const search = async (q: string) => {
      const { items, count } = await storage.clients.list({ limit: 50, offset: 0, q });
      assert.equal(items.length, count);
      return items.map(({ name }) => name).sort();
    };
    assert.deepEqual(await search('orders'), ['Orders', 'Other']);
    assert.deepEqual(await search('%'), ['Billing 100%']);
    assert.deepEqual(await search('_'), ['snake_case']);
    assert.deepEqual(await search('\\'), ['back\\slash']);
    assert.deepEqual(await search("' or true --"), []);
    assert.equal((await search('')).length, 6);
  });

  it('a client goes with its secrets and roles, and the role stays', async () => {
    const { storage, query } = await open();
    const client = await storage.clients.insert(aClient());
    const role = await storage.roles.insert(roleNamed('reader'));
    await storage.clientSecrets.insert(aSecret(client.id));
    await storage.clientRoles.add({ clientId: client.id, roleId: role.id, assignedAt: TEST_EPOCH });
    assert.equal(await storage.clients.delete(client.id), true);
    assert.equal(await storage.clients.delete(client.id), false);
    const left = await query(
      'select (select count(*)::int from auth_service_data.app_client_secrets) + (select count(*)::int from auth_service_data.app_client_roles) as links',
    );
    assert.deepEqual(left, [{ links: 0 }]);
    assert.deepEqual(await storage.roles.find(role.id), role);
  });

  it('secrets come back as they went in, newest first', async () => {
    const { storage } = await open();
    const { id: clientId } = await storage.clients.insert(aClient());
    const old = aSecret(clientId, {
      algorithm: 'bcrypt',
      hash: `$2b$10$${'x'.repeat(53)}`,
      hint: '',
      expiresAt: minutesAfter(TEST_EPOCH, 5),
      lastUsedAt: TEST_EPOCH,
    });
    const young = aSecret(clientId, { createdAt: minutesAfter(TEST_EPOCH, 1) });
    assert.deepEqual(await storage.clientSecrets.insert(old), old);
    await storage.clientSecrets.insert(young);
    assert.deepEqual(await storage.clientSecrets.list(clientId), [young, old]);
  });

  it('a hash is replaced only while it is the one expected', async () => {
    const { storage } = await open();
    const { id: clientId } = await storage.clients.insert(aClient());
    const secret = await storage.clientSecrets.insert(
      aSecret(clientId, { algorithm: 'bcrypt', hash: 'o'.repeat(60) }),
    );
    const to = { algorithm: 'sha256', hash: 'n'.repeat(43) } as const;
    assert.equal(await storage.clientSecrets.replaceHash(secret.id, 'x'.repeat(60), to), false);
    assert.equal(await storage.clientSecrets.replaceHash(secret.id, 'o'.repeat(60), to), true);
    assert.equal(await storage.clientSecrets.replaceHash(secret.id, 'o'.repeat(60), to), false);
    assert.deepEqual(await storage.clientSecrets.list(clientId), [{ ...secret, ...to }]);
  });

  it('a role is given once, and taken once', async () => {
    const { storage } = await open();
    const { id: clientId } = await storage.clients.insert(aClient());
    const { id: roleId } = await storage.roles.insert(roleNamed('reader'));
    const link = { clientId, roleId, assignedAt: TEST_EPOCH };
    assert.equal(await storage.clientRoles.add(link), true);
    assert.equal(await storage.clientRoles.add({ ...link, assignedAt: minutesAfter(TEST_EPOCH, 1) }), false);
    assert.deepEqual(await storage.clientRoles.list(clientId), [
      { roleId, name: 'reader', assignedAt: TEST_EPOCH },
    ]);
    assert.deepEqual(await storage.roles.usage(roleId), { clients: 1, users: 0 });
    assert.equal(await storage.clientRoles.remove(clientId, roleId), true);
    assert.equal(await storage.clientRoles.remove(clientId, roleId), false);
    assert.deepEqual(await storage.roles.usage(roleId), { clients: 0, users: 0 });
  });

  it('links to what is not there are not_found', async () => {
    const { storage } = await open();
    const notFound = (error: unknown) => isServiceError(error, 'not_found');
    const { id: roleId } = await storage.roles.insert(roleNamed('reader'));
    const { id: clientId } = await storage.clients.insert(aClient());
    const assignedAt = TEST_EPOCH;
    await assert.rejects(storage.clientSecrets.insert(aSecret(UNKNOWN)), notFound);
    await assert.rejects(storage.clientRoles.add({ clientId: UNKNOWN, roleId, assignedAt }), notFound);
    await assert.rejects(storage.clientRoles.add({ clientId, roleId: UNKNOWN, assignedAt }), notFound);
    await assert.rejects(storage.clientRoles.add({ clientId: 'no-uuid', roleId, assignedAt }), notFound);
  });

  it('what a token needs is read in one statement: names sorted by code point, permissions once', async () => {
    const { storage, statements } = await open();
    const client = await storage.clients.insert(aClient());
    const secret = await storage.clientSecrets.insert(
      aSecret(client.id, { expiresAt: minutesAfter(TEST_EPOCH, 9) }),
    );
    const permissions = ['orders:write', 'orders:read', 'orders_x:read', 'a:b'].map(permissionNamed);
    for (const permission of permissions) await storage.permissions.insert(permission);
    for (const name of ['writer', 'reader', 'a_b', 'a-b', 'a.b']) {
      const role = await storage.roles.insert(roleNamed(name));
      await storage.clientRoles.add({ clientId: client.id, roleId: role.id, assignedAt: TEST_EPOCH });
      for (const { id } of permissions) {
        await storage.rolePermissions.add({ roleId: role.id, permissionId: id, assignedAt: TEST_EPOCH });
      }
    }
    await storage.roles.insert(roleNamed('not-held'));
    statements.length = 0;
    const found = await storage.clients.findForToken(client.id);
    assert.equal(statements.length, 1);
    assert.deepEqual(found, {
      client,
      secrets: [secret],
      roles: ['a-b', 'a.b', 'a_b', 'reader', 'writer'],
      permissions: ['a:b', 'orders:read', 'orders:write', 'orders_x:read'],
      rightsRevision: await storage.rightsRevision.read(),
    });
  });

  it('a client with nothing has empty lists in what a token needs', async () => {
    const { storage } = await open();
    const client = await storage.clients.insert(aClient({ isActive: false }));
    assert.deepEqual(await storage.clients.findForToken(client.id), {
      client,
      secrets: [],
      roles: [],
      permissions: [],
      rightsRevision: await storage.rightsRevision.read(),
    });
  });
});
