import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
const OTHER_SERVER = join(import.meta.dirname, 'other-server.ts');

interface Played {
  readonly child: ChildProcess;
  /** Where the demo keeps its throw-away folder: nothing may be left in it. */
  readonly temporary: string;
  output: string;
}

function play(t: TestContext, argv: string[]): Played {
  const temporary = mkdtempSync(join(tmpdir(), 'demo-test-'));
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const played = { child, temporary, output: '' };
  child.stdout.setEncoding('utf8').on('data', (said: string) => {
    played.output += said;
  });
  t.after(async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'close');
    rmSync(temporary, { recursive: true, force: true });
  });
  return played;
}

const playAgainst = (t: TestContext, ...command: string[]) =>
  play(t, [process.execPath, 'scripts/demo.ts', process.execPath, ...command]);
const playOther = (t: TestContext, flaw: string) => playAgainst(t, OTHER_SERVER, flaw);

test('npm run demo plays the whole story on the authentication service', async (t) => {
  const played = play(t, ['npm', 'run', 'demo']);
  const [code] = await once(played.child, 'close');
  assert.equal(code, 0, played.output);
  assert.match(played.output, /All \d+ steps went as expected/);
});

test('the story passes on any server without a flaw', async (t) => {
  const played = playOther(t, 'none');
  const [code] = await once(played.child, 'close');
  assert.equal(code, 0, played.output);
  assert.deepEqual(readdirSync(played.temporary), []);
});

/** Flaws that do not hide each other share a run; each must be found by itself. */
const flaws: Record<string, RegExp>[] = [
  {
    'token-for-everyone':
      /✗ GET \/orders with that one .*got 200[\s\S]*✗ a secret with one letter wrong .*got 200/,
  },
  {
    'believes-any-secret': /✗ a secret with one letter wrong .*got 200/,
    'forgets-to-revoke': /✗ GET \/orders with it .*expected 403 .*got 200/,
    'ignores-lifetime': /✗ the token of one second, later .*got 200/,
    'ignores-resource': /✗ … and refused .*got 200/,
  },
  { 'believes-any-password': /✗ a password with one letter wrong .*got 200/ },
  {
    'believes-user-metadata': /✗ … and may do as little as before .*expected 403 .*got 200/,
    'takes-machines-for-people': /✗ GET \/me with the token of a machine .*got 200/,
    'forgets-to-log-out': /✗ GET \/me with that token .*got 200/,
  },
  { 'fills-user-metadata': /✗ GET \/orders with its token .*expected 200, got 403/ },
  {
    'admits-everyone-as-admin': /✗ … and with grace's .*expected 403 .*got 200/,
    'lets-climb': /✗ … and admin {2}.*expected 403 .*got 201/,
    'names-another-actor': /✗ who took the right from the clerk .*got 200, somebody else/,
  },
  {
    'takes-any-audience': /✗ GET \/admin\/clients with it .*expected 401 .*got 200/,
    'keeps-removed-secrets': /✗ a token with the old secret .*expected 401 .*got 200/,
    'keeps-removed-rights': /✗ GET \/admin\/clients with the same token, .*expected 403 .*got 200/,
    overwrites: /✗ the other one does, If-Match the same .*expected 412 .*got 200/,
    'lets-the-last-administrator-go': /✗ the same for the one who is left .*expected 409 .*got 200/,
  },
];
for (const found of flaws) {
  const names = Object.keys(found);
  test(`the demo fails on a server with ${names.join(', ')}, and says where`, async (t) => {
    const played = playOther(t, names.join());
    const [code] = await once(played.child, 'close');
    assert.equal(code, 1, played.output);
    for (const where of Object.values(found)) assert.match(played.output, where);
    assert.match(played.output, /FAILED: \d+ of \d+ steps went wrong/);
  });
}

test('the demo fails when the server does not start', async (t) => {
  const played = playAgainst(t, 'no-such-file.js');
  const [code] = await once(played.child, 'close');
  assert.equal(code, 1);
  assert.match(played.output, /FAILED: .*did not start/);
});

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends the demo and everything it started`, async (t) => {
    const played = playOther(t, 'none');
    const closed = once(played.child, 'close');
    while (!played.output.includes('clients create'))
      await once(played.child.stdout ?? assert.fail(), 'data');
    played.child.kill(signal);
    const [code] = await closed;
    assert.equal(code, expected);
    assert.deepEqual(readdirSync(played.temporary), []);
    for (const url of played.output.match(/http:\/\/\S+(?= {2})/g) ?? assert.fail())
      await assert.rejects(fetch(url), `${url} still answers`);
  });
}
