import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOnEachDatabase } from '../support/databases.ts';
import {
  ADA,
  asRequest,
  BOB,
  claimsWith,
  prepareOrders,
  readDocument,
  recipe,
  rolledBack,
} from './policy-recipes.ts';
import { createSupabaseRoles } from './supabase.ts';

const REFUSED = /row-level security/;
const READING = 'Reading by permission';
const WRITING = 'Writing by permission';
const OWNER = 'Owner or permission';

const SELECT = 'select owner_id, total from public.orders order by id';
const INSERT = `insert into public.orders (owner_id, total) values ('${BOB}', 3)`;
const UPDATE = 'update public.orders set total = total + 1 where total > 0 returning id';
const DELETE = 'delete from public.orders where total > 0 returning id';

/** None of them carries a permission, whatever it looks like. */
const CLAIMS_WITHOUT: readonly unknown[] = [
  undefined,
  '',
  'nonsense',
  '{"app_metadata": {"permissions": ["orders:read"]}',
  [],
  null,
  'orders:read',
  {},
  { app_metadata: null },
  { app_metadata: ['orders:read'] },
  { app_metadata: { permissions: 'orders:read' } },
  { app_metadata: { permissions: { 'orders:read': true } } },
  { app_metadata: { permissions: [['orders:read']] } },
  { app_metadata: { permissions: ['orders:*', 'orders', 'ORDERS:READ', 'orders:read '] } },
  { app_metadata: { roles: ['orders:read'], permissions: [] } },
  { permissions: ['orders:read'] },
  { user_metadata: { permissions: ['orders:read'], app_metadata: { permissions: ['orders:read'] } } },
];

describeOnEachDatabase('row level security as docs/supabase.md has it', (open) => {
  async function prepare(...headings: readonly string[]) {
    const { query } = await open();
    await createSupabaseRoles(query);
    await query(`select auth_service_data.arrange_function_rights()`);
    await prepareOrders(query, ...headings);
    return (claims: unknown, sql: string, role?: string) =>
      asRequest(query, { claims, ...(role === undefined ? {} : { role }) }, () => query(sql));
  }

  it('shows rows to who holds the permission', async () => {
    const ask = await prepare(READING);
    assert.equal((await ask(claimsWith(['a:b', 'orders:read']), SELECT)).length, 2);
    assert.deepEqual(await ask(claimsWith(['orders:write']), SELECT), []);
  });

  it('shows nothing for claims that are missing, broken or made up', async () => {
    const ask = await prepare(READING);
    for (const claims of CLAIMS_WITHOUT) {
      assert.deepEqual(await ask(claims, SELECT), [], JSON.stringify(claims));
    }
  });

  it('shows nothing to anon, even with a permission', async () => {
    const ask = await prepare(READING, WRITING);
    const claims = claimsWith(['orders:read', 'orders:write', 'orders:delete']);
    assert.deepEqual(await ask(claims, SELECT, 'anon'), []);
    await assert.rejects(ask(claims, INSERT, 'anon'), REFUSED);
    assert.deepEqual(await ask(claims, UPDATE, 'anon'), []);
    assert.deepEqual(await ask(claims, DELETE, 'anon'), []);
  });

  it('asks once for a statement, and without the select once for each row', async () => {
    const ask = await prepare(READING);
    const explain = async () =>
      (await ask(claimsWith(['orders:read']), `explain (costs off) ${SELECT}`))
        .map((row) => String(row['QUERY PLAN']))
        .join('\n');
    assert.match(await explain(), /InitPlan/);
    assert.doesNotMatch(await explain(), /Filter: .*authorize/);

    const { query } = await open();
    await query(`alter policy "orders are read by permission" on public.orders
      using (auth_service_data.authorize('orders:read'))`);
    assert.match(await explain(), /Filter: .*authorize/);
  });

  it('lets who holds the permission make, change and delete rows', async () => {
    const ask = await prepare(READING, WRITING);
    const writer = claimsWith(['orders:read', 'orders:write']);
    await ask(writer, INSERT);
    assert.equal((await ask(writer, UPDATE)).length, 2);
    assert.deepEqual(await ask(writer, DELETE), []);
    assert.equal((await ask(claimsWith(['orders:read', 'orders:delete']), DELETE)).length, 2);
  });

  it('lets nobody else write', async () => {
    const ask = await prepare(READING, WRITING);
    for (const claims of [claimsWith(['orders:read']), ...CLAIMS_WITHOUT]) {
      const shown = JSON.stringify(claims);
      await assert.rejects(ask(claims, INSERT), REFUSED, shown);
      assert.deepEqual(await ask(claims, UPDATE), [], shown);
      assert.deepEqual(await ask(claims, DELETE), [], shown);
    }
  });

  it('changes nothing for who may write and not read', async () => {
    const ask = await prepare(READING, WRITING);
    const claims = claimsWith(['orders:write', 'orders:delete']);
    await ask(claims, INSERT);
    assert.deepEqual(await ask(claims, UPDATE), []);
    assert.deepEqual(await ask(claims, DELETE), []);
  });

  it('shows owners their own rows, and all of them by permission', async () => {
    const ask = await prepare(OWNER);
    const owners = async (claims: object) => (await ask(claims, SELECT)).map((row) => row.owner_id);
    assert.deepEqual(await owners(claimsWith([])), [ADA]);
    assert.deepEqual(await owners(claimsWith([], BOB)), [BOB]);
    assert.deepEqual(await owners(claimsWith(['orders:read'])), [ADA, BOB]);
    assert.deepEqual(await owners(claimsWith([], crypto.randomUUID())), []);
    assert.deepEqual(await owners({ user_metadata: { sub: ADA } }), []);
    assert.deepEqual(await ask(undefined, SELECT), []);
    assert.deepEqual(await ask({ sub: ADA }, SELECT, 'anon'), []);
    // Supabase's own function fails on these; what matters is that nothing comes of it.
    await assert.rejects(ask('nonsense', SELECT), /json/);
  });

  it('lets owners write for themselves alone, and give nothing away', async () => {
    const ask = await prepare(OWNER);
    await ask(claimsWith([], BOB), INSERT);
    await assert.rejects(ask(claimsWith([]), INSERT), REFUSED);
    await ask(claimsWith(['orders:write']), INSERT);
    assert.equal((await ask(claimsWith([]), UPDATE)).length, 1);
    assert.equal((await ask(claimsWith(['orders:read', 'orders:write']), UPDATE)).length, 2);

    const giveAway = `update public.orders set owner_id = '${BOB}' where owner_id = '${ADA}' returning id`;
    await assert.rejects(ask(claimsWith([]), giveAway), REFUSED);
    assert.equal((await ask(claimsWith(['orders:read', 'orders:write']), giveAway)).length, 1);
  });
});

describeOnEachDatabase('other SQL of docs/supabase.md', (open) => {
  async function prepare() {
    const { query } = await open();
    await createSupabaseRoles(query);
    await query(`select auth_service_data.arrange_function_rights()`);
    return query;
  }

  it('gives a service its own role, and people’s policies only with the permissions of its caller', async () => {
    const query = await prepare();
    await prepareOrders(query, READING);
    const [role = '', membership = '', transaction = ''] = recipe('Machines');
    const mayAct = async () =>
      (await query(`select pg_has_role('orders_service', 'authenticated', 'member') as may`))[0]?.may;
    await rolledBack(query, async () => {
      await query(role);
      await query('set local role orders_service');
      assert.equal((await query(SELECT)).length, 2);
      await query(INSERT);
      await query('savepoint inserted');
      await assert.rejects(query(DELETE), /permission denied/);
      await query('rollback to inserted; reset role');

      assert.equal(await mayAct(), false);
      await query(membership);
      assert.equal(await mayAct(), true);
      const inside = transaction.replace(/^(begin|commit);$/gm, '');
      assert.equal((await query(inside)).length, 3);
      assert.equal((await query(inside.replace('orders:read', 'orders:write'))).length, 0);
    });
  });

  it('opens the sessions of Supabase to a role of one’s own, each line of it needed', async () => {
    const query = await prepare();
    await rolledBack(query, async () => {
      await query(`create schema if not exists auth;
        create table auth.users (id int); create table auth.sessions (id int);
        alter table auth.users enable row level security; alter table auth.sessions enable row level security;
        insert into auth.sessions values (1);
        create role auth_service nologin;`);
      const [grants = ''] = recipe('Devices');
      const [schema = '', tables = '', bypass = ''] = grants.split('\n');
      await query(`savepoint nothing; ${tables} set local role auth_service`);
      await assert.rejects(query('select from auth.sessions'), /permission denied for schema/);
      await query(`rollback to nothing; ${schema} set local role auth_service; savepoint inside`);
      await assert.rejects(query('select from auth.sessions'), /permission denied for table/);
      await query(`rollback to inside; reset role; ${tables} set local role auth_service`);
      assert.deepEqual(await query('select id from auth.sessions'), []);
      await query(`reset role; ${bypass} set local role auth_service`);
      assert.deepEqual(await query('select id from auth.sessions'), [{ id: 1 }]);
      assert.deepEqual(await query('select id from auth.users'), []);
    });
  });

  it('names a hook that is there', async () => {
    const query = await prepare();
    const [, schema, name] = /"pg-functions:\/\/postgres\/(\w+)\/(\w+)"/.exec(readDocument()) ?? [];
    const [row] = await query(`select to_regprocedure($1) is not null as is_there`, [
      `${schema}.${name}(jsonb)`,
    ]);
    assert.deepEqual(row, { is_there: true });
  });
});
