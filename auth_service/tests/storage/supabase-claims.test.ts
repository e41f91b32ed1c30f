import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import { asRole, callHook, claimsOf, createSupabaseRoles, grantRoles, insertPerson } from './supabase.ts';

const NOTHING = { roles: [], permissions: [] };
const DEFAULT = { roles: ['user'], permissions: ['own:read'] };

describeOnEachDatabase('claims for Supabase', (open) => {
  async function prepare() {
    const database = await open();
    await grantRoles(database.storage, {
      user: ['own:read'],
      'b-editor': ['orders:write', 'orders:read'],
      b_editor: ['orders:read', 'a.b:read', 'a_b:read', 'a-b:read'],
      'b.editor': [],
      a9: ['z:z'],
    });
    return database;
  }

  it('are what the roles hold: sorted by code point, each once', async () => {
    const { storage, query } = await prepare();
    const userId = await insertPerson(storage, { roles: ['b_editor', 'b.editor', 'a9', 'b-editor'] });
    const claims = await claimsOf(query, userId);
    assert.deepEqual(claims, {
      roles: ['a9', 'b-editor', 'b.editor', 'b_editor'],
      permissions: ['a-b:read', 'a.b:read', 'a_b:read', 'orders:read', 'orders:write', 'z:z'],
    });
    const { roles, permissions } = claims as { roles: string[]; permissions: string[] };
    assert.deepEqual(roles, [...roles].sort());
    assert.deepEqual(permissions, [...permissions].sort());
  });

  it('are empty for a profile that holds nothing', async () => {
    const { storage, query } = await prepare();
    assert.deepEqual(await claimsOf(query, await insertPerson(storage)), NOTHING);
  });

  it('are the default role’s without a profile, and empty once that role is deleted', async () => {
    const { storage, query } = await prepare();
    const stranger = crypto.randomUUID();
    assert.deepEqual(await claimsOf(query, stranger), DEFAULT);
    const role = await storage.roles.findByName('user');
    await storage.roles.delete(role?.id ?? '');
    assert.deepEqual(await claimsOf(query, stranger), NOTHING);
  });

  it('are empty for an inactive profile, whatever it was granted', async () => {
    const { storage, query } = await prepare();
    const userId = await insertPerson(storage, { roles: ['b_editor', 'user'], isActive: false });
    assert.deepEqual(await claimsOf(query, userId), NOTHING);
    assert.deepEqual(await callHook(query, { user_id: userId, claims: {} }), {
      claims: { app_metadata: NOTHING },
    });
  });

  it('are empty for nobody', async () => {
    const { query } = await prepare();
    assert.deepEqual(await claimsOf(query, null), NOTHING);
  });

  it('are what the stores say of the same person', async () => {
    const { storage, query } = await prepare();
    const people = [
      await insertPerson(storage, null),
      await insertPerson(storage),
      await insertPerson(storage, { roles: ['user'] }),
      await insertPerson(storage, { roles: ['a9', 'b_editor', 'b-editor', 'b.editor', 'user'] }),
      await insertPerson(storage, { roles: ['b.editor'] }),
      await insertPerson(storage, { roles: ['a9'], isActive: false }),
    ];
    const compare = async () => {
      for (const userId of people) {
        const person = await storage.accounts.findPerson(userId);
        assert.ok(person !== null);
        const { roles, permissions } = person;
        assert.deepEqual(await claimsOf(query, userId), { roles, permissions });
      }
    };
    await compare();
    await storage.roles.delete((await storage.roles.findByName('user'))?.id ?? '');
    await storage.permissions.delete((await storage.permissions.findByName('orders:read'))?.id ?? '');
    await compare();
  });
});

describeOnEachDatabase('the access token hook', (open) => {
  async function prepare() {
    const database = await open();
    await grantRoles(database.storage, { user: ['own:read'], editor: ['orders:write'] });
    const editor = await insertPerson(database.storage, { roles: ['editor'] });
    return { ...database, editor, held: { roles: ['editor'], permissions: ['orders:write'] } };
  }

  it('adds the claims to app_metadata and leaves everything else as it was', async () => {
    const { query, editor, held } = await prepare();
    const claims = {
      aud: 'authenticated',
      exp: 1_900_000_000,
      iat: 1_899_996_400,
      sub: editor,
      email: 'ä"\\@example.com',
      phone: '',
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: 1_899_996_400 }],
      session_id: crypto.randomUUID(),
      is_anonymous: false,
      user_metadata: { roles: ['admin'], permissions: ['role:admin_manage'] },
      roles: ['of another'],
    };
    const app_metadata = { provider: 'email', providers: ['email'], role: 'x', nested: { roles: [1] } };
    const answer = await callHook(query, {
      metadata: { name: 'customize-access-token' },
      user_id: editor,
      claims: { ...claims, app_metadata },
      authentication_method: 'password',
      error: { http_code: 403, message: 'not to be echoed' },
    });
    assert.deepEqual(answer, { claims: { ...claims, app_metadata: { ...app_metadata, ...held } } });
  });

  it('overwrites roles and permissions that are stored there, whatever they are', async () => {
    const { query, storage, editor, held } = await prepare();
    const nobody = await insertPerson(storage);
    for (const stored of [['admin'], 'admin', null, { admin: true }, 1, []]) {
      const claims = { app_metadata: { roles: stored, permissions: stored, plan: 'pro' } };
      const answerFor = (userId: unknown) => callHook(query, { user_id: userId, claims });
      const expected = (rights: object) => ({ claims: { app_metadata: { plan: 'pro', ...rights } } });
      assert.deepEqual(await answerFor(editor), expected(held));
      assert.deepEqual(await answerFor(nobody), expected(NOTHING));
      assert.deepEqual(await answerFor('not a UUID'), expected(NOTHING));
    }
  });

  it('makes app_metadata where it is missing, null or no object', async () => {
    const { query, editor, held } = await prepare();
    const expected = { claims: { sub: editor, app_metadata: held } };
    for (const app_metadata of [undefined, null, [], ['roles'], 'text', 0, true]) {
      const claims = { sub: editor, app_metadata };
      assert.deepEqual(await callHook(query, { user_id: editor, claims }), expected);
    }
  });

  it('answers a malformed event with no rights and no error', async () => {
    const { query, editor, held } = await prepare();
    const nothing = { claims: { app_metadata: NOTHING } };
    const users = [undefined, null, '', 'x', 1, true, [editor], { id: editor }, `${editor}0`];
    for (const user_id of users) {
      assert.deepEqual(await callHook(query, { user_id, claims: {} }), nothing, `${user_id}`);
    }
    for (const event of [{}, [], [{}], 'null', '"text"', '1', 'true']) {
      assert.deepEqual(await callHook(query, event), nothing, `${event}`);
    }
    const [row] = await query('select auth_service_data.custom_access_token_hook(null) as answer');
    assert.deepEqual(row?.answer, nothing);
    for (const claims of [undefined, null, [], 'text', 1]) {
      const answer = await callHook(query, { user_id: editor, claims });
      assert.deepEqual(answer, { claims: { app_metadata: held } });
    }
  });

  it('gives the default role to a user who was born elsewhere', async () => {
    const { query } = await prepare();
    assert.deepEqual(await callHook(query, { user_id: crypto.randomUUID(), claims: {} }), {
      claims: { app_metadata: DEFAULT },
    });
  });
});

describeOnEachDatabase('authorize', (open, backend) => {
  const withPermissions = (permissions: unknown) => JSON.stringify({ app_metadata: { permissions } });

  it('is true for a permission of the request’s token, and for no other', async () => {
    const { query, storage } = await open({ fresh: true });
    await createSupabaseRoles(query);
    await storage.migrations.up();
    const ask = (role: string, claims: string | null, permission: string | null) =>
      asRole(query, role, async () => {
        if (claims !== null) await query("select set_config('request.jwt.claims', $1, true)", [claims]);
        const [row] = await query('select auth_service_data.authorize($1) as allowed', [permission]);
        return row?.allowed;
      });
    const held = withPermissions(['orders:read', 'orders:write', 1, null]);
    for (const role of ['anon', 'authenticated']) {
      assert.equal(await ask(role, held, 'orders:read'), true);
      assert.equal(await ask(role, held, 'orders:write'), true);
      for (const other of ['orders:delete', 'orders', '', '1', 'null', null]) {
        assert.equal(await ask(role, held, other), false, `${other}`);
      }
    }
    const empty = [null, '', ' ', '{}', 'null', '[]', '"text"', '1', '{"app_metadata": null}'];
    // Deeper than PGlite survives at all.
    const deep = backend === 'postgres' ? ['['.repeat(50_000)] : [];
    const malformed = ['{', 'text', '\\', '{"app_metadata": "\\u0000"}', ...deep];
    const elsewhere = [
      withPermissions('orders:read'),
      withPermissions({ 'orders:read': true }),
      withPermissions([['orders:read']]),
      '{"permissions": ["orders:read"]}',
      '{"user_metadata": {"permissions": ["orders:read"]}}',
      '{"app_metadata": {"roles": ["orders:read"]}}',
      '[{"app_metadata": {"permissions": ["orders:read"]}}]',
    ];
    for (const claims of [...empty, ...malformed, ...elsewhere]) {
      assert.equal(await ask('authenticated', claims, 'orders:read'), false, `${claims}`.slice(0, 60));
    }
  });

  it('serves a policy: rows appear with the permission alone', async () => {
    const { query, storage } = await open({ fresh: true });
    await createSupabaseRoles(query);
    await storage.migrations.up();
    await query(`
      create table public.orders (id int);
      insert into public.orders values (1);
      alter table public.orders enable row level security;
      grant select on public.orders to authenticated;
      create policy readable on public.orders for select to authenticated
        using ((select auth_service_data.authorize('orders:read')))`);
    const seen = (permissions: string[]) =>
      asRole(query, 'authenticated', async () => {
        await query("select set_config('request.jwt.claims', $1, true)", [withPermissions(permissions)]);
        return (await query('select from public.orders')).length;
      });
    assert.equal(await seen(['orders:read']), 1);
    assert.equal(await seen(['orders:write']), 0);
  });
});
