import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GUIDE_ENVIRONMENT } from '../support/guide-environment.ts';
import { startCli } from './child-process.ts';
import { run, temporaryFolder } from './command-line.ts';
import { filledIn, MUST_BE_REPLACED, parseEnvironmentFile } from './guide-environment.ts';

interface Fault {
  readonly variable: string;
  readonly problem: string;
  readonly remedy: string;
}

const variablesOf = (faults: readonly Fault[]) => faults.map(({ variable }) => variable).sort();

describe('config check', () => {
  it('is content with nothing set, and touches no file', async (t) => {
    const folder = join(temporaryFolder(t), 'data');
    const { code, stdout, stderr } = await run(['config', 'check'], { DATA_DIR: folder });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /good to start with/);
    assert.equal(existsSync(folder), false);
  });

  it('says every fault at once, with a remedy each, and ends with 1', async () => {
    const { code, stdout } = await run(['config', 'check'], { PORT: 'x', LOGGING_LEVEL: 'loud', HOST: '' });
    assert.equal(code, 1);
    assert.match(stdout, /PORT is wrong: "x".*\n {4}→ .+/);
    assert.match(stdout, /LOGGING_LEVEL is wrong: "loud".*\n {4}→ .+/);
    assert.doesNotMatch(stdout, /good to start/);
  });

  it('gives faults and warnings as JSON on stdout', async () => {
    const faulty = await run(['config', 'check', '--json'], { PORT: 'x' });
    assert.equal(faulty.code, 1);
    const { ok, faults } = JSON.parse(faulty.stdout);
    assert.equal(ok, false);
    assert.deepEqual(variablesOf(faults), ['PORT']);

    const warned = await run(['config', 'check', '--json'], { RATE_LIMIT_LOGINS: '1/minute' });
    assert.equal(warned.code, 0);
    assert.deepEqual(variablesOf(JSON.parse(warned.stdout).warnings), ['RATE_LIMIT_LOGINS']);
  });

  it("names every placeholder of the guide's environment file", async () => {
    const { code, stdout } = await run(
      ['config', 'check', '--json'],
      parseEnvironmentFile(GUIDE_ENVIRONMENT),
    );
    assert.equal(code, 1);
    assert.deepEqual(variablesOf(JSON.parse(stdout).faults), MUST_BE_REPLACED);
  });

  it("takes the guide's file once its values are replaced, without asking the database", async () => {
    const { code, stdout } = await run(['config', 'check', '--json'], filledIn('postgresql://u:p@db:5432/x'));
    assert.equal(code, 0);
    assert.deepEqual(variablesOf(JSON.parse(stdout).warnings), ['PUBLIC_URL', 'REDIS_URL']);
  });
});

describe('config print', () => {
  it('shows where each value comes from, and no secret', async () => {
    const env = filledIn('postgresql://u:hush-hush@db:5432/x');
    const { code, stdout } = await run(['config', 'print'], env);
    assert.equal(code, 0);
    assert.match(stdout, /^ENVIRONMENT\tproduction\tENVIRONMENT$/m);
    assert.match(stdout, /^PORT\t8000\tdefault$/m);
    assert.match(stdout, /^M2M_JWT_ALGORITHM\tHS256\tdefault$/m);
    for (const secret of ['hush-hush', env.M2M_JWT_SECRET_KEY, env.INITIAL_ADMIN_PASSWORD]) {
      assert.ok(!stdout.includes(secret ?? ''));
    }
  });

  it('is a list of items as JSON', async () => {
    const { items, count } = JSON.parse((await run(['config', 'print', '--json'], { PORT: '9000' })).stdout);
    assert.equal(items.length, count);
    const port = items.find(({ name }: { name: string }) => name === 'PORT');
    assert.deepEqual(port, { name: 'PORT', value: '9000', source: 'PORT' });
  });
});

describe('a faulty configuration', () => {
  it('is refused by every command, as text and as JSON', async () => {
    const text = await run(['roles', 'list'], { PORT: 'x', LOGGING_LEVEL: 'loud' });
    assert.equal(text.code, 1);
    assert.match(text.stderr, /^error: The configuration has 2 faults\.\n/);
    assert.match(text.stderr, /PORT is wrong.*\n {4}→ /);
    const json = await run(['roles', 'list', '--json'], { PORT: 'x', LOGGING_LEVEL: 'loud' });
    const { code, faults, remedy } = JSON.parse(json.stderr);
    assert.deepEqual([code, variablesOf(faults)], ['configuration', ['LOGGING_LEVEL', 'PORT']]);
    assert.match(remedy, /config check/);
  });

  it('is a list for a person who starts the server', async () => {
    const { code, stdout, stderr } = await run(['serve'], { PORT: 'x' }, { isTerminal: true });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /PORT.* is wrong: "x"/);
  });

  it('is one log line per fault without a terminal', async (t) => {
    const { code, stdout, stderr } = await startCli(t, ['serve'], {
      env: parseEnvironmentFile(GUIDE_ENVIRONMENT),
    }).exit;
    assert.deepEqual([code, stderr], [1, '']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(variablesOf(lines), MUST_BE_REPLACED);
    for (const line of lines) {
      assert.deepEqual([line.level, line.logger, line.environment], ['CRITICAL', 'config', 'production']);
      assert.ok(line.message.startsWith(`${line.variable} `));
      assert.ok(line.remedy.length > 0);
      assert.match(line.timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
  });
});
