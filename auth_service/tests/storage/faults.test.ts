import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { describeOnEachDatabase } from '../support/databases.ts';
import { aClient, roleNamed } from './builders.ts';

describeOnEachDatabase('storage: faults', (open) => {
  it('a NUL character never reaches SQL', async () => {
    const { storage, statements } = await open();
    const refused = (error: unknown) =>
      isServiceError(error, 'validation_failed') && /NUL/.test(error.message);
    await assert.rejects(storage.roles.findByName('a\0b'), refused);
    await assert.rejects(storage.roles.findByNames(['a', 'b\0']), refused);
    await assert.rejects(storage.roles.list({ limit: 1, offset: 0, q: '\0' }), refused);
    await assert.rejects(storage.clients.insert(aClient({ name: 'nul \0' })), refused);
    await assert.rejects(storage.clients.insert(aClient({ allowedResources: ['https://a/\0'] })), refused);
    assert.deepEqual(statements, []);
  });

  it('a fault carries its cause, and the public words carry none of it', async () => {
    const { storage } = await open();
    await storage.roles.insert(roleNamed('reader'));
    await assert.rejects(storage.roles.insert(roleNamed('reader')), (error) => {
      assert.ok(isServiceError(error, 'already_exists'));
      assert.equal((error.cause as { code?: string }).code, '23505');
      assert.doesNotMatch(error.message, /roles_name_key|reader/);
      return true;
    });
  });

  it('what is asked after the close is database_unavailable', async () => {
    const { storage } = await open({ fresh: true });
    await storage.roles.list({ limit: 1, offset: 0 });
    await storage.close();
    const unavailable = (error: unknown) => isServiceError(error, 'database_unavailable');
    await assert.rejects(storage.roles.list({ limit: 1, offset: 0 }), unavailable);
    await assert.rejects(storage.check(), unavailable);
  });

  it('a healthy database answers a check', async () => {
    const { storage, statements } = await open();
    await storage.check();
    assert.deepEqual(statements, ['select 1']);
  });

  it('a close waits for work that runs', async () => {
    const { storage } = await open({ fresh: true });
    const started = Promise.withResolvers<void>();
    const work = storage.transaction(async ({ roles }) => {
      started.resolve();
      for (let index = 0; index < 20; index += 1) await roles.insert(roleNamed(`role-${index}`));
      return await roles.list({ limit: 1, offset: 0 });
    });
    await started.promise;
    await storage.close();
    assert.equal((await work).count, 20);
  });

  it('names of tables do not depend on the session’s search_path', async () => {
    const { openAnother, query, backend } = await open({ fresh: true });
    if (backend === 'postgres') {
      const [row] = await query('select current_database() as name');
      await query(`alter database ${row?.name} set search_path = 'pg_temp'`);
    }
    const storage = await openAnother();
    const role = await storage.roles.insert(roleNamed('reader'));
    assert.deepEqual(await storage.roles.find(role.id), role);
    assert.equal((await storage.migrations.status()).state, 'current');
    await storage.auditEvents.ensurePartitions(new Date('2040-01-01T00:00:00Z'));
    await storage.close();
  });
});
