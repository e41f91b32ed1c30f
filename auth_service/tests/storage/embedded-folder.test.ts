import assert from 'node:assert/strict';
import fs, { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isServiceError } from '#errors';
import { openStorage } from '#storage';
import { createTestClock } from '../support/clock.ts';
import { describeOn } from '../support/databases.ts';
import { createEmbeddedFolder } from '../support/embedded-databases.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { roleNamed } from './builders.ts';
import { startStorageProcess } from './processes/storage-process.ts';

const openIn = (directory: string, mode: 'serve' | 'command' = 'serve') =>
  openStorage({
    database: { kind: 'embedded', directory },
    mode,
    logger: createRecordingLogger(),
    now: createTestClock().now,
  });

describeOn('embedded', 'the folder of the embedded database', (open) => {
  it('is refused to a second server, in this process and in another, naming the folder', async (test) => {
    const { config } = await open();
    const other = startStorageProcess(test);
    const directory = config.kind === 'embedded' ? config.directory : '';
    const refused = (error: unknown) =>
      isServiceError(error, 'data_folder_locked') && error.message.includes(directory);
    await assert.rejects(openIn(directory), refused);
    await assert.rejects(other.tell({ do: 'open', config, mode: 'serve' }), { code: 'data_folder_locked' });
  });

  it('is free again at once after the process that held it was killed', async (test) => {
    const directory = await createEmbeddedFolder({ migrated: true });
    const holder = startStorageProcess(test);
    await holder.tell({ do: 'open', config: { kind: 'embedded', directory }, mode: 'serve' });
    await holder.tell({ do: 'insert', name: 'kept' });
    await holder.tell({ do: 'hold', name: 'lost' });
    await holder.kill();
    assert.equal(existsSync(join(directory, '.s.PGSQL.5432')), true, 'its socket is still lying there');
    const storage = await openIn(directory);
    test.after(() => storage.close());
    const { items } = await storage.roles.list({ limit: 10, offset: 0 });
    assert.deepEqual(
      items.map(({ name }) => name),
      ['kept'],
    );
  });

  it('is free again after a close', async () => {
    const directory = await createEmbeddedFolder({ migrated: true });
    const first = await openIn(directory);
    await first.roles.insert(roleNamed('kept'));
    await first.close();
    await first.close();
    const second = await openIn(directory);
    assert.notEqual(await second.roles.findByName('kept'), null);
    await second.close();
  });

  it('is used by a command itself where no server runs, and a server waits for the command', async (test) => {
    const directory = await createEmbeddedFolder({ migrated: true });
    const command = await openIn(directory, 'command');
    assert.equal(existsSync(join(directory, '.s.PGSQL.5432')), false, 'a command serves nobody');
    const server = startStorageProcess(test);
    const opened = server.tell({ do: 'open', config: { kind: 'embedded', directory }, mode: 'serve' });
    await command.roles.insert(roleNamed('by-command'));
    await sleep(200);
    await command.close();
    await opened;
    const beside = await openIn(directory, 'command');
    assert.notEqual(await beside.roles.findByName('by-command'), null);
    await beside.close();
  });

  it('has what is committed on the disk, not in the system’s memory alone', async (test) => {
    const { storage, query } = await open();
    const settings = "select current_setting('fsync') as fsync, current_setting('wal_sync_method') as method";
    assert.deepEqual(await query(settings), [{ fsync: 'on', method: 'fsync' }]);
    const fsync = test.mock.method(fs, 'fsyncSync');
    syncBuiltinESMExports();
    test.after(() => {
      fsync.mock.restore();
      syncBuiltinESMExports();
    });
    await storage.roles.insert(roleNamed('durable'));
    assert.notEqual(fsync.mock.callCount(), 0);
  });

  it('is made by one of two that start at once', async (test) => {
    const config = { kind: 'embedded', directory: join(temporaryDirectory('data'), 'database') } as const;
    const servers = [1, 2].map(() => startStorageProcess(test));
    const outcomes = await Promise.allSettled(
      servers.map((server) => server.tell({ do: 'open', config, mode: 'serve' })),
    );
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const [failure] = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(failure?.reason.code, 'data_folder_locked');
  });

  it('is made whole or not at all', async (test) => {
    const directory = join(temporaryDirectory('data'), 'database');
    // What a start that was cut short leaves.
    mkdirSync(`${directory}.unfinished`);
    writeFileSync(join(`${directory}.unfinished`, 'PG_VERSION'), '18');
    const first = startStorageProcess(test);
    const opening = first.tell({ do: 'open', config: { kind: 'embedded', directory }, mode: 'serve' });
    opening.catch(() => {});
    while (!existsSync(join(`${directory}.unfinished`, 'global'))) await sleep(10);
    await first.kill();
    assert.equal(existsSync(directory), false);
    const storage = await openIn(directory);
    test.after(() => storage.close());
    assert.deepEqual((await storage.migrations.status()).state, 'behind');
    assert.deepEqual(readdirSync(dirname(directory)).sort(), ['database', 'database.lock']);
  });

  it('may have a path that is too long for a socket', async (test) => {
    const deep = join(
      temporaryDirectory('deep'),
      ...Array.from({ length: 5 }, () => 'a-folder-with-a-long-name'),
    );
    const template = await createEmbeddedFolder({ migrated: true });
    const directory = join(deep, 'database');
    mkdirSync(deep, { recursive: true });
    cpSync(template, directory, { recursive: true });
    const server = await openIn(directory);
    test.after(() => server.close());
    const command = startStorageProcess(test);
    await command.tell({ do: 'open', config: { kind: 'embedded', directory }, mode: 'command' });
    await command.tell({ do: 'insert', name: 'by-command' });
    assert.notEqual(await server.roles.findByName('by-command'), null);
  });
});
