import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAudit } from '#audit';
import { systemRandom } from '#crypto';
import { createDeclaration, type Declared, readDocument, renderDocument } from '#declaration';
import { createClients } from '#oauth';
import { type Authority, createRbac } from '#rbac';
import type { Storage } from '#storage';
import { describeOnEachDatabase, type OpenTestDatabase } from '../support/databases.ts';

const SYSTEM: Authority = { type: 'system', id: null };

const SHOP: Declared = {
  permissions: [{ name: 'orders:read', description: 'See orders' }, { name: 'orders:write' }],
  roles: [
    { name: 'reader', permissions: ['orders:read'] },
    { name: 'writer', description: 'Writes', permissions: ['orders:read', 'orders:write'] },
  ],
  clients: [
    { name: 'Orders worker', roles: ['reader'], allowedResources: ['https://orders.example.com'] },
    { name: 'Stock worker', roles: ['writer', 'reader'], tokenLifetimeSeconds: 60 },
  ],
};

async function openDeclaration(open: OpenTestDatabase) {
  const database = await open();
  const { storage, clock, logger } = database;
  const parts = { now: clock.now, random: systemRandom };
  const over = (base: Storage) => {
    const audit = createAudit({ storage: base, logger, ...parts });
    const settings = { accessTokenLifetimeSeconds: 900 };
    return createDeclaration({
      storage: base,
      openRooms: (within) => ({
        rbac: createRbac({ storage: within, audit, ...parts }),
        clients: createClients({ storage: within, audit, ...parts, settings }),
      }),
    });
  };
  const rooms = {
    rbac: createRbac({ storage, audit: createAudit({ storage, logger, ...parts }), ...parts }),
  };
  await rooms.rbac.ensureBuiltIns();
  return { ...database, ...rooms, declaration: over(storage), over };
}

/** All that is stored, but for the times. */
async function everything({ query }: Awaited<ReturnType<typeof openDeclaration>>): Promise<string> {
  const tables = [
    'roles',
    'permissions',
    'role_permissions',
    'app_clients',
    'app_client_roles',
    'audit_events',
  ];
  const rows = await Promise.all(
    tables.map((table) => query(`select to_jsonb(t) as row from auth_service_data.${table} t order by 1`)),
  );
  return JSON.stringify(rows);
}

describeOnEachDatabase('a declaration', (open) => {
  it('makes what it says, and nothing the second time', async () => {
    const room = await openDeclaration(open);
    const changes = await room.declaration.apply(SYSTEM, SHOP);
    assert.deepEqual(
      changes.map(({ verb, noun, name }) => `${verb} ${noun} ${name}`),
      [
        'create permission orders:read',
        'create permission orders:write',
        'create role reader',
        'create role writer',
        'create client Orders worker',
        'create client Stock worker',
      ],
    );
    const before = await everything(room);
    assert.deepEqual(await room.declaration.apply(SYSTEM, SHOP), []);
    assert.equal(await everything(room), before);
    const { items } = await room.storage.clients.list({ limit: 10, offset: 0 });
    const held = items.map(({ name, roles, tokenLifetimeSeconds: life }) => [name, roles.join(), life]);
    assert.deepEqual(held.sort(), [
      ['Orders worker', 'reader', null],
      ['Stock worker', 'reader,writer', 60],
    ]);
  });

  it('of its own export changes nothing, pruned or not', async () => {
    const room = await openDeclaration(open);
    await room.declaration.apply(SYSTEM, SHOP);
    const exported = await room.declaration.export();
    const before = await everything(room);
    const read = readDocument(renderDocument(exported));
    assert.deepEqual(await room.declaration.apply(SYSTEM, read), []);
    assert.deepEqual(await room.declaration.apply(SYSTEM, read, { prune: true, force: true }), []);
    assert.equal(await everything(room), before);
    assert.equal(renderDocument(await room.declaration.export()), renderDocument(exported));
  });

  it('says in detail what differs, and mends just that', async () => {
    const room = await openDeclaration(open);
    await room.declaration.apply(SYSTEM, SHOP);
    const changes = await room.declaration.apply(SYSTEM, {
      permissions: [{ name: 'orders:read', description: null }],
      roles: [{ name: 'writer', permissions: ['orders:write'] }],
      clients: [{ name: 'Stock worker', isActive: false, roles: ['reader'], tokenLifetimeSeconds: 60 }],
    });
    assert.deepEqual(
      changes.map(({ clientId: _id, ...change }) => change),
      [
        {
          ...{ verb: 'update', noun: 'permission', name: 'orders:read', granted: [], revoked: [] },
          fields: [{ field: 'description', before: 'See orders', after: null }],
        },
        {
          ...{ verb: 'update', noun: 'role', name: 'writer', fields: [], granted: [] },
          revoked: ['orders:read'],
        },
        {
          ...{ verb: 'update', noun: 'client', name: 'Stock worker', granted: [], revoked: ['writer'] },
          fields: [{ field: 'isActive', before: true, after: false }],
        },
      ],
    );
    assert.equal((await room.storage.roles.findByName('writer'))?.description, 'Writes');
  });

  it('that is only tried says the same and leaves nothing behind', async () => {
    const room = await openDeclaration(open);
    const before = await everything(room);
    const tried = await room.declaration.apply(SYSTEM, SHOP, { dryRun: true });
    assert.equal(await everything(room), before);
    const done = await room.declaration.apply(SYSTEM, SHOP);
    const withoutIds = (changes: typeof done) => changes.map(({ clientId: _id, ...change }) => change);
    assert.deepEqual(withoutIds(tried), withoutIds(done));
    assert.ok(tried.every(({ clientId }) => clientId === undefined));
  });

  it('that fails at its end has changed nothing, and says where', async () => {
    const room = await openDeclaration(open);
    const before = await everything(room);
    const clients = [...(SHOP.clients ?? []), { name: 'Third', roles: ['nobody-made-it'] }];
    await assert.rejects(room.declaration.apply(SYSTEM, { ...SHOP, clients }), {
      code: 'validation_failed',
      message: 'client "Third": There is no role named nobody-made-it.',
    });
    assert.equal(await everything(room), before);
    await assert.rejects(room.declaration.apply(SYSTEM, { roles: [{ name: 'Bad Name' }] }), {
      message: /^role "Bad Name": /,
    });
  });

  it('prunes what it leaves out of its parts, built-ins never', async () => {
    const room = await openDeclaration(open);
    await room.declaration.apply(SYSTEM, SHOP);
    const changes = await room.declaration.apply(
      SYSTEM,
      { roles: [{ name: 'reader', permissions: [] }], clients: [] },
      { prune: true },
    );
    assert.deepEqual(
      changes.map(({ verb, noun, name }) => `${verb} ${noun} ${name}`),
      [
        'update role reader',
        'delete client Orders worker',
        'delete client Stock worker',
        'delete role writer',
      ],
    );
    const left = await room.declaration.export();
    assert.deepEqual(
      left.roles?.map(({ name }) => name),
      ['admin', 'reader', 'service', 'user'],
    );
    assert.ok(left.permissions?.some(({ name }) => name === 'orders:write'));
  });

  it('takes from people only what it is forced to', async () => {
    const room = await openDeclaration(open);
    const { storage, clock, declaration } = room;
    await declaration.apply(SYSTEM, SHOP);
    const at = clock.now();
    const userId = crypto.randomUUID();
    const names = { username: null, firstName: null, lastName: null };
    const profile = {
      userId,
      email: 'a@example.com',
      ...names,
      isActive: true,
      createdAt: at,
      updatedAt: at,
    };
    await storage.profiles.insert(profile, ['writer']);
    const before = await everything(room);
    const without = { roles: [], clients: [] };
    await assert.rejects(declaration.apply(SYSTEM, without, { prune: true }), {
      code: 'in_use',
      message: /^role "writer": .* It is held by one user\.$/,
    });
    assert.equal(await everything(room), before);
    await declaration.apply(SYSTEM, without, { prune: true, force: true });
    assert.deepEqual(await storage.userRoles.list(userId), []);
  });

  it('asks which client is meant where a name is that of two', async () => {
    const room = await openDeclaration(open);
    const twins = await room.declaration.apply(SYSTEM, {
      clients: [
        { id: crypto.randomUUID(), name: 'Twin' },
        { id: crypto.randomUUID(), name: 'Twin' },
      ],
    });
    assert.equal(twins.length, 2);
    await assert.rejects(room.declaration.apply(SYSTEM, { clients: [{ name: 'Twin' }] }), (error: Error) => {
      assert.match(JSON.stringify(error), /2 clients are called \\"Twin\\": say which by its client_id/);
      return true;
    });
    const [first] = twins;
    const renamed = { id: first?.clientId ?? '', name: 'Only child' };
    assert.equal((await room.declaration.apply(SYSTEM, { clients: [renamed] })).length, 1);
    const double = { clients: [renamed, { name: 'Only child' }] };
    await assert.rejects(room.declaration.apply(SYSTEM, double), { code: 'validation_failed' });
  });

  it('cannot make more of itself than its author holds', async () => {
    const room = await openDeclaration(open);
    const { storage, clock, rbac } = room;
    const id = crypto.randomUUID();
    const at = clock.now();
    const names = { username: null, firstName: null, lastName: null };
    await storage.profiles.insert(
      { userId: id, email: 'c@example.com', ...names, isActive: true, createdAt: at, updatedAt: at },
      [],
    );
    await rbac.roles.create(SYSTEM, { name: 'clerk' });
    for (const name of ['roles:write', 'clients:write']) await rbac.grantPermission(SYSTEM, 'clerk', name);
    await rbac.grantRoleToUser(SYSTEM, id, 'clerk');
    const clerk: Authority = { type: 'user', id, permissions: ['roles:write', 'clients:write'] };
    const before = await everything(room);
    await assert.rejects(room.declaration.apply(clerk, SHOP), { code: 'exceeds_own_rights' });
    const climbing = { clients: [{ name: 'Mine', roles: ['admin'] }] };
    await assert.rejects(room.declaration.apply(clerk, climbing), { code: 'exceeds_own_rights' });
    assert.equal(await everything(room), before);
  });

  it('applied twice at once is applied once', async () => {
    const room = await openDeclaration(open);
    const other = room.over(await room.openAnother());
    const outcomes = await Promise.all([room.declaration.apply(SYSTEM, SHOP), other.apply(SYSTEM, SHOP)]);
    assert.deepEqual(outcomes.map(({ length }) => length).sort(), [0, 6]);
  });
});
