import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openStorage } from '#storage';
import { createTestClock } from '../support/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { startStorageProcess } from './processes/storage-process.ts';

describeOnEachDatabase('a process killed in the middle of writes', (open) => {
  it('leaves whole transactions behind, and none that it was told is committed is missing', async (test) => {
    const { storage: first, config } = await open({ fresh: true });
    await first.close();
    for (const moment of [1, 7, 40]) {
      const prefix = `after-${moment}`;
      const writer = startStorageProcess(test);
      await writer.tell({ do: 'open', config, mode: 'serve' });
      void writer.tell({ do: 'write', prefix }).catch(() => {});
      await writer.untilWritten(moment);
      await writer.kill();
      const committed = writer.lastWritten() + 1;

      const logger = createRecordingLogger();
      const storage = await openStorage({ database: config, logger, now: createTestClock().now });
      const ofThisWriter = ({ name }: { name: string }) => name.startsWith(`${prefix}-`);
      const { items } = await storage.roles.list({ limit: 100_000, offset: 0 });
      const names = items.filter(ofThisWriter).map(({ name }) => name);
      const marks = (await storage.bootstrapMarks.list()).filter(ofThisWriter).map(({ name }) => name);
      assert.deepEqual(names.sort(), marks.sort(), 'both rows of each transaction, or neither');
      assert.ok(names.length >= committed, `${names.length} found, ${committed} were committed`);
      assert.ok(names.length <= committed + 1);
      assert.equal((await storage.migrations.status()).state, 'current');
      await storage.close();
    }
  });
});
