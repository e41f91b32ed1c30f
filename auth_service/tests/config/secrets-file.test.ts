import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { ConfigError, readOrCreateSecrets } from '#config';

const root = mkdtempSync(join(tmpdir(), 'secrets-'));
after(() => rmSync(root, { recursive: true }));

describe('generated secrets', () => {
  let directory = '';
  beforeEach(() => {
    directory = join(mkdtempSync(join(root, 'case-')), 'nested', '.data');
  });
  const file = () => join(directory, 'secrets.json');

  function assertRefused(problem: RegExp): void {
    assert.throws(
      () => readOrCreateSecrets(directory),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.faults[0]?.variable, 'DATA_DIR');
        assert.match(error.message, problem);
        assert.ok(error.message.includes(file()));
        return true;
      },
    );
  }

  test('are made once and found again', () => {
    const made = readOrCreateSecrets(directory);
    assert.equal(made.created, true);
    assert.equal(made.encryptionKey.length, 32);
    assert.match(made.apiKeySecret, /^[\w-]{43}$/);
    assert.deepEqual(readOrCreateSecrets(directory), { ...made, created: false });
  });

  test('differ from directory to directory and from each other', () => {
    const one = readOrCreateSecrets(directory);
    const other = readOrCreateSecrets(join(directory, 'other'));
    assert.notDeepEqual(one.encryptionKey, other.encryptionKey);
    assert.notEqual(one.apiKeySecret, other.apiKeySecret);
    assert.notEqual(one.encryptionKey.toString('base64url'), one.apiKeySecret);
  });

  test('are readable by the owner alone, and leave nothing else behind', () => {
    readOrCreateSecrets(directory);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(directory), ['secrets.json']);
  });

  test('a damaged file is refused and left as it is', () => {
    readOrCreateSecrets(directory);
    const whole = readFileSync(file(), 'utf8');
    const damaged = [
      '',
      'null',
      '[]',
      '{}',
      whole.slice(0, -10),
      JSON.stringify({ ...JSON.parse(whole), encryptionKey: 'AAAA' }),
      JSON.stringify({ ...JSON.parse(whole), apiKeySecret: 7 }),
    ];
    for (const content of damaged) {
      writeFileSync(file(), content);
      assertRefused(/damaged/);
      assert.equal(readFileSync(file(), 'utf8'), content);
    }
  });

  test('a directory that cannot be made is a clear fault', () => {
    const blocked = mkdtempSync(join(root, 'blocked-'));
    writeFileSync(join(blocked, 'file'), '');
    directory = join(blocked, 'file', '.data');
    assertRefused(/cannot be read or written \(ENOTDIR\)/);
  });

  test('a link that leads nowhere is refused, not followed', () => {
    mkdirSync(directory, { recursive: true });
    symlinkSync(join(directory, 'elsewhere.json'), file());
    assertRefused(/damaged/);
    assert.deepEqual(readdirSync(directory), ['secrets.json']);
  });

  test('of many processes at once one makes them and all use those', async () => {
    const source = `
      import { readOrCreateSecrets } from '#config';
      process.stdin.once('data', () => {
        const { encryptionKey, apiKeySecret, created } = readOrCreateSecrets(process.argv[1]);
        console.log(JSON.stringify({ key: encryptionKey.toString('base64'), apiKeySecret, created }));
        process.exit();
      });
      process.stdout.write('ready\\n');`;
    const outcomes = await race(source, directory, 8);
    assert.equal(outcomes.filter((outcome) => outcome.created).length, 1);
    assert.equal(new Set(outcomes.map(({ key, apiKeySecret }) => key + apiKeySecret)).size, 1);
    assert.deepEqual(readdirSync(directory), ['secrets.json']);
  });
});

interface Outcome {
  readonly key: string;
  readonly apiKeySecret: string;
  readonly created: boolean;
}

/** Starts them all, waits until each is ready, then lets them go together. */
async function race(source: string, directory: string, count: number): Promise<Outcome[]> {
  const runners = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source, directory], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    const { promise: ready, resolve: setReady } = Promise.withResolvers<void>();
    const { promise: done, resolve: setDone } = Promise.withResolvers<Outcome>();
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (output.includes('ready\n')) setReady();
    });
    child.on('close', () => {
      setReady();
      setDone(JSON.parse(output.replace('ready\n', '')));
    });
    return { child, ready, done };
  });
  await Promise.all(runners.map(({ ready }) => ready));
  for (const { child } of runners) child.stdin.write('go\n');
  return Promise.all(runners.map(({ done }) => done));
}
