import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BIN, DELIVERED_NODE, NOT_DELIVERED, OLD_NODE, start } from './child-process.ts';
import { temporaryFolder } from './command-line.ts';

/** The launcher in a folder where npm delivers the given script as its Node 24. */
function installWith(t: TestContext, script: string | null): string {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'bin'));
  copyFileSync(BIN, join(folder, 'bin/auth-service.js'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  if (script !== null) {
    const bin = join(folder, 'node_modules', DELIVERED_NODE, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'node'), 0o755);
  }
  return join(folder, 'bin/auth-service.js');
}

const onOldNode = (t: TestContext, bin: string, ...argv: string[]) => start(t, [...OLD_NODE, bin, ...argv]);

describe('the launcher on a Node that is too old', () => {
  it('hands over to the Node that npm delivered', { skip: NOT_DELIVERED }, async (t) => {
    const { code, stdout, stderr } = await onOldNode(t, BIN, '--version').exit;
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('passes arguments on as they are', async (t) => {
    const bin = installWith(t, 'shift; printf "[%s]" "$@"');
    assert.equal((await onOldNode(t, bin, 'a b', '--c=$d', '').exit).stdout, '[a b][--c=$d][]');
  });

  it('passes the exit code back', async (t) => {
    const bin = installWith(t, 'exit 7');
    assert.equal((await onOldNode(t, bin).exit).code, 7);
  });

  it('ends by the signal that ended the other', async (t) => {
    const bin = installWith(t, 'kill -KILL $$');
    assert.equal((await onOldNode(t, bin).exit).signal, 'SIGKILL');
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`forwards ${signal} and waits for the end`, async (t) => {
      const bin = installWith(
        t,
        `trap 'echo got; exit 0' ${signal.slice(3)}; echo up; while :; do sleep 0.05; done`,
      );
      const child = onOldNode(t, bin);
      await child.says(/up/);
      child.kill(signal);
      const { code, stdout } = await child.exit;
      assert.deepEqual([code, stdout], [0, 'up\ngot\n']);
    });
  }

  it('asks for Node 24 where none was delivered', async (t) => {
    const { code, stdout, stderr } = await onOldNode(t, installWith(t, null)).exit;
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^auth-service needs Node 24 or newer, and this is Node 20\.19\.0\. .*\n$/);
  });

  it('asks for Node 24 where the delivered one cannot run', async (t) => {
    const bin = installWith(t, 'exit 0');
    chmodSync(join(bin, '../../node_modules', DELIVERED_NODE, 'bin/node'), 0o644);
    const { code, stderr } = await onOldNode(t, bin).exit;
    assert.equal(code, 1);
    assert.match(stderr, /^auth-service needs Node 24 or newer/);
  });
});

describe('the launcher as the first process of a container', () => {
  const PRETEND_FIRST = `
    Object.defineProperty(process, 'pid', { value: 1 });
    process.on('newListener', (name) => {
      if (name === 'SIGTERM') process.stderr.write('listens');
    });`;
  const FIRST_PROCESS = `--import=data:text/javascript,${encodeURIComponent(PRETEND_FIRST)}`;

  it('ends on a signal that nobody listens for, which the kernel would keep from it', async (t) => {
    // A command that waits for its standard input, which nobody ends.
    const waiting = [BIN, 'supabase-keys', '--jwt-secret-file', '-'];
    const child = start(t, [process.execPath, FIRST_PROCESS, ...waiting]);
    await child.says(/listens/);
    child.kill('SIGTERM');
    const { code, signal } = await child.exit;
    assert.deepEqual([code, signal], [128 + constants.signals.SIGTERM, null]);
  });

  it('leaves it to the server how it stops', async (t) => {
    const env = { ENVIRONMENT: 'testing', DATA_DIR: temporaryFolder(t), PORT: '0' };
    const child = start(t, [process.execPath, FIRST_PROCESS, BIN, 'serve'], { env });
    await child.says(/"message":"Ready"/);
    child.kill('SIGTERM');
    const { code, stdout } = await child.exit;
    assert.equal(code, 0);
    assert.match(stdout, /"message":"Stopped"/);
  });
});
