import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOn, describeOnEachDatabase } from '../support/databases.ts';
import { createSupabaseRoles } from './supabase.ts';

const HOOK = 'function auth_service_data.custom_access_token_hook(jsonb)';
const CLAIMS = 'function auth_service_data.get_user_rbac_claims(uuid)';

describeOnEachDatabase('what the doctor asks of the database', (open) => {
  it('is whether Supabase Auth may call both functions, and use their schema', async () => {
    const { storage, query } = await open({ fresh: true });
    const { supabaseAccounts: accounts, migrations } = storage;
    await createSupabaseRoles(query);
    await migrations.up();
    assert.equal(await accounts.hookRights(), 'granted');
    for (const right of [`execute on ${HOOK}`, `execute on ${CLAIMS}`, 'usage on schema auth_service_data']) {
      await query(`revoke ${right} from supabase_auth_admin`);
      assert.equal(await accounts.hookRights(), 'refused', right);
      await migrations.up();
      assert.equal(await accounts.hookRights(), 'granted', right);
    }
  });

  it('is what time it is, whatever the zone', async () => {
    const { storage, query } = await open();
    await query(`set time zone 'Asia/Tokyo'`);
    const [row] = await query('select extract(epoch from clock_timestamp())::float8 as seconds');
    const told = (await storage.supabaseAccounts.clock()).getTime() / 1000;
    await query('reset time zone');
    assert.ok(Math.abs(told - Number(row?.seconds)) < 60);
  });

  it('can be asked where nothing was migrated', async () => {
    const { storage } = await open({ migrated: false });
    assert.notEqual(await storage.supabaseAccounts.hookRights(), 'granted');
  });
});

describeOn('embedded', 'a database without the roles of Supabase', (open) => {
  it('has nobody who would need to call the hook', async () => {
    const { storage } = await open({ fresh: true });
    assert.equal(await storage.supabaseAccounts.hookRights(), 'no role');
  });
});
