import assert from 'node:assert/strict';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { createGate } from '../../src/storage/embedded/gate.ts';
import { serveSocket } from '../../src/storage/embedded/socket-server.ts';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import { createEmbeddedFolder } from '../support/embedded-databases.ts';
import { connect } from '../support/raw-connection.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { roleNamed } from './builders.ts';

function message(type: string, body: string): Buffer {
  const bytes = Buffer.from(body, 'latin1');
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

function startup(code: number, parameters = ''): Buffer {
  const bytes = Buffer.alloc(8 + parameters.length + (parameters === '' ? 0 : 1));
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(code, 4);
  bytes.write(parameters, 8);
  return bytes;
}

const PROTOCOL_3_0 = 196_608;
const GREETING = startup(PROTOCOL_3_0, 'user\0postgres\0database\0postgres\0');

describeOn('embedded', 'the wire of the embedded database', (open) => {
  const pathOf = ({ config }: TestDatabase) =>
    join(config.kind === 'embedded' ? config.directory : '', '.s.PGSQL.5432');

  function openSocket(test: TestContext, database: TestDatabase): Socket {
    const socket = connectSocket(pathOf(database)).on('error', () => {});
    test.after(() => socket.destroy());
    return socket;
  }

  /** What the server answers until it says nothing for a while, or hangs up. */
  async function say(test: TestContext, database: TestDatabase, ...parts: Buffer[]): Promise<string> {
    const socket = openSocket(test, database);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString('latin1');
    });
    for (const part of parts) {
      socket.write(part);
      await Promise.race([sleep(50), ended]);
    }
    await Promise.race([sleep(100), ended]);
    const hungUp = socket.closed ? 'hung up' : '';
    socket.destroy();
    return answer + hungUp;
  }

  async function assertUnharmed({ storage }: TestDatabase): Promise<void> {
    const role = await storage.roles.insert(roleNamed('after'));
    assert.deepEqual(await storage.roles.find(role.id), role);
    await storage.roles.delete(role.id);
  }

  it('is not held up by a connection that says nothing, or half of a message', async (test) => {
    const database = await open();
    openSocket(test, database);
    openSocket(test, database).write(GREETING.subarray(0, 6));
    const half = openSocket(test, database);
    half.write(GREETING);
    half.write(message('Q', 'select 1\0').subarray(0, 7));
    await sleep(50);
    await assertUnharmed(database);
  });

  it('recovers from a client that goes in the middle of a failed batch', async (test) => {
    const database = await open();
    const answer = await say(test, database, GREETING, message('P', '\0select nonsense\0\0\0'));
    assert.match(answer, /42703/);
    await assertUnharmed(database);
    // The rollback must not be skipped along with the rest of the batch.
    const inTransaction = [message('Q', 'begin\0'), message('P', '\0select nonsense\0\0\0')];
    assert.match(await say(test, database, GREETING, ...inTransaction), /42703/);
    await assertUnharmed(database);
  });

  it('takes nothing from what a client asks for at its start', async (test) => {
    const database = await open();
    const asking = 'user\0somebody\0database\0elsewhere\0replication\0true\0options\0-c search_path=x\0';
    assert.match(await say(test, database, startup(PROTOCOL_3_0, asking)), /server_version/);
    await assertUnharmed(database);
  });

  it('offers neither TLS nor GSS, and lets the client go on without', async (test) => {
    const database = await open();
    for (const request of [80_877_103, 80_877_104]) {
      assert.match(await say(test, database, startup(request), GREETING), /^NR.*server_version/s);
    }
  });

  it('hangs up on what is not the protocol', async (test) => {
    const database = await open();
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      startup(131_072, 'user\0postgres\0'),
      startup(80_877_102, 'cancel'),
      Buffer.alloc(100),
    ]) {
      assert.equal(await say(test, database, bytes), 'hung up');
    }
    for (const bytes of [
      message('z', 'junk'),
      message('F', 'junk'),
      Buffer.from('Q\x7f\xff\xff\xff', 'latin1'),
    ]) {
      assert.match(await say(test, database, GREETING, bytes), /hung up$/);
    }
    await assertUnharmed(database);
  });

  it('answers malformed messages with an error', async (test) => {
    const database = await open();
    for (const bytes of [
      message('B', 'junk'),
      message('S', 'junk'),
      message('Q', 'no end'),
      message('P', ''),
    ]) {
      assert.match(await say(test, database, GREETING, bytes), /SERROR/);
    }
    await assertUnharmed(database);
  });

  it('refuses COPY FROM STDIN, for which the whole process would wait', async (test) => {
    const database = await open();
    const copy = 'copy auth_service_data.bootstrap_marks from stdin';
    const data = [message('d', 'a\t2030-01-01\n'), message('c', '')];
    assert.match(await say(test, database, GREETING, message('Q', `${copy}\0`), ...data), /57014/);
    const batch = Buffer.concat([
      message('P', `\0${copy}\0\0\0`),
      message('B', '\0\0\0\0\0\0\0\0'),
      message('E', '\0\0\0\0\0'),
      message('S', ''),
    ]);
    assert.match(await say(test, database, GREETING, batch, ...data), /57014/);
    assert.deepEqual(await database.storage.bootstrapMarks.list(), []);
    await assertUnharmed(database);
  });

  it('survives clients that go while they are answered', async (test) => {
    const database = await open();
    for (let count = 0; count < 20; count += 1) {
      const socket = openSocket(test, database);
      socket.write(Buffer.concat([GREETING, message('Q', "select repeat('x', 1000000)\0")]));
      await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
    }
    await assertUnharmed(database);
  });

  it('hangs up on a client whose transaction goes on and on', async (test) => {
    const directory = await createEmbeddedFolder({ migrated: true });
    const database = await PGlite.create(directory);
    const gate = createGate();
    const limits = { turnTimeoutMs: 5_000, silenceTimeoutMs: 5_000, unitTimeoutMs: 200 };
    const logger = createRecordingLogger();
    const server = await serveSocket({ database, gate, directory, limits, logger });
    test.after(async () => {
      await server.close();
      await database.close();
    });
    const client = await connect({ kind: 'embedded', directory });
    await client.query('begin');
    await assert.rejects(async () => {
      for (;;) await client.query('select 1');
    });
    const leave = await gate.enter(5_000, () => new Error('still held'));
    assert.equal(database.isInTransaction(), false);
    leave();
  });
});
