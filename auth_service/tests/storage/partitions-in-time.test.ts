import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOn } from '../support/databases.ts';

describeOn('postgres', 'the first migration', (open) => {
  it('shows the schema to nobody before this month has its partition', async () => {
    const { storage, query } = await open({ migrated: false });
    const seen = new Set<string>();
    let isOver = false;
    const watch = async () => {
      while (!isOver) {
        const [row] = await query(`
          select to_regclass('auth_service_data.schema_migrations') is not null as migrated,
            exists (select from pg_catalog.pg_class where relname ~ '^audit_events_2') as partitioned`);
        seen.add(`${row?.migrated} ${row?.partitioned}`);
      }
    };
    const watching = watch();
    await storage.migrations.up();
    isOver = true;
    await watching;
    assert.ok(seen.has('false false'), 'the watch began before the migration was visible');
    assert.ok(!seen.has('true false'), 'somebody could have written into the default partition');
  });
});
