import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '../support/databases.ts';
import { describeOn } from '../support/databases.ts';
import { connect } from '../support/raw-connection.ts';
import { roleNamed } from './builders.ts';
import { startStorageProcess } from './processes/storage-process.ts';

describeOn('embedded', 'the socket of the embedded database', (open) => {
  async function startCommand(test: TestContext, { config }: TestDatabase) {
    const command = startStorageProcess(test);
    await command.tell({ do: 'open', config, mode: 'command' });
    return command;
  }

  const names = async ({ storage }: TestDatabase) =>
    (await storage.roles.list({ limit: 100, offset: 0 })).items.map(({ name }) => name);

  it('lets a command in another process read and write beside the server', async (test) => {
    const database = await open();
    const command = await startCommand(test, database);
    await command.tell({ do: 'insert', name: 'by-command' });
    await command.tell({ do: 'close' });
    assert.deepEqual(await names(database), ['by-command']);
  });

  it('lets no statement of the server come between those of a command’s transaction', async (test) => {
    const database = await open();
    const command = await startCommand(test, database);
    await command.tell({ do: 'hold', name: 'held' });
    const order: string[] = [];
    const read = names(database).then((found) => {
      order.push('read');
      return found;
    });
    const written = database.storage.roles.insert(roleNamed('by-server')).then(() => order.push('written'));
    await sleep(300);
    assert.deepEqual(order, [], 'the server waits for its turn');
    await command.tell({ do: 'commit' });
    assert.deepEqual(await read, ['held']);
    await written;
    await command.kill();
    assert.deepEqual(await names(database), ['by-server', 'held']);
  });

  it('lets no statement of a command come between those of the server’s transaction', async (test) => {
    const database = await open();
    const command = await startCommand(test, database);
    const boom = new Error('boom');
    let insertion: Promise<unknown> = Promise.resolve();
    await assert.rejects(
      database.storage.transaction(async ({ roles }) => {
        await roles.insert(roleNamed('by-server'));
        insertion = command.tell({ do: 'insert', name: 'by-command' });
        await sleep(300);
        throw boom;
      }),
      boom,
    );
    await insertion;
    await command.kill();
    assert.deepEqual(
      await names(database),
      ['by-command'],
      'the rollback took nothing of the command’s with it',
    );
  });

  it('rolls back what a command killed in its transaction has written, and goes on', async (test) => {
    const database = await open();
    const command = await startCommand(test, database);
    await command.tell({ do: 'hold', name: 'lost' });
    await command.kill();
    assert.deepEqual(await names(database), []);
  });

  it('cuts off a command that hangs in its transaction', async (test) => {
    const database = await open();
    const command = await startCommand(test, database);
    await command.tell({ do: 'hold', name: 'lost' });
    command.freeze();
    assert.deepEqual(await names(database), []);
    assert.ok(database.logger.lines.some(({ message }) => message.includes('hung up')));
    await command.kill();
  });

  it('keeps what a client sets in its session away from the server and from others', async () => {
    const database = await open();
    const client = await connect(database.config);
    await client.query("set search_path = 'nowhere'; set timezone = 'Asia/Tokyo'; set role pg_monitor");
    await client.query('prepare p as select 1');
    await client.query('create temp table roles (id int)');
    await database.storage.roles.insert(roleNamed('fine'));
    assert.deepEqual(await names(database), ['fine']);
    const seen = await client.query(
      "select current_setting('search_path') as path, current_setting('timezone') as zone, current_user as role, (select count(*)::int from pg_prepared_statements) as prepared",
    );
    assert.deepEqual(seen.rows, [{ path: 'public', zone: 'UTC', role: 'postgres', prepared: 0 }]);
    await client.end();
  });

  it('serves many commands at once', async (test) => {
    const database = await open();
    const commands = await Promise.all([1, 2, 3].map(() => startCommand(test, database)));
    await Promise.all(
      commands.flatMap((command, index) =>
        [1, 2, 3, 4, 5].map((number) => command.tell({ do: 'insert', name: `role-${index}-${number}` })),
      ),
    );
    await Promise.all(commands.map((command) => command.kill()));
    assert.equal((await names(database)).length, 15);
  });

  it('is there for this user alone, and gone when the server has closed', async () => {
    const { storage, config } = await open({ fresh: true });
    const folder = config.kind === 'embedded' ? config.directory : '';
    const path = join(folder, '.s.PGSQL.5432');
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    assert.equal(lstatSync(folder).mode & 0o777, 0o700);
    await storage.close();
    assert.equal(existsSync(path), false);
  });
});
