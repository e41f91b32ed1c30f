import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, REPOSITORY, start } from '../cli/child-process.ts';

const PASSWORD = 'a better horse battery';
const INSTALLS_OR_STARTS = /^npm (install|start)$/;

/** curl as a newcomer has it answers 0 to every error; here an error must end the run, and the answers stand in lines. */
const STRICT_CURL = `curl() { command curl --fail-with-body --silent --show-error --write-out '\\n' "$@"; }`;

/** The commands of the README in their order, pasted as they are. */
function pastedCommands(): string[] {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.split('\n').filter((line) => !INSTALLS_OR_STARTS.test(line)));
}

test('every command of the README works, pasted in its order beside a started server', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const env = { PORT: String(port), DATA_DIR: folder, TMPDIR: folder };
  // What a newcomer reads on the terminal, which is not here.
  const administrator = { INITIAL_ADMIN_EMAIL: 'admin@example.com', INITIAL_ADMIN_PASSWORD: PASSWORD };
  const server = start(t, ['npm', 'start'], { env: { ...env, ...administrator } });
  await server.says(/"message":"Ready"/);

  const script = [STRICT_CURL, ...pastedCommands()]
    .join('\n')
    .replaceAll('localhost:8000', `localhost:${port}`);
  const { code, stdout, stderr } = await start(t, ['sh', '-eu', '-c', script], { env: { ...env, PASSWORD } })
    .exit;
  assert.equal(code, 0, stdout + stderr);
  const answers = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const [token, registered, me, loggedOut, administered] = answers;
  assert.equal(answers.length, 5, stdout);
  assert.equal(token.scope, 'orders:read');
  assert.equal(registered.profile.email, 'ada@example.com');
  assert.equal(me.email, 'ada@example.com');
  assert.equal(loggedOut.message, 'Logged out.');
  assert.equal(administered.clients[0].client_name, 'Orders worker');

  server.kill('SIGTERM');
  assert.equal((await server.exit).code, 0);
});

test('the README is one screen', () => {
  const lines = readFileSync(join(REPOSITORY, 'README.md'), 'utf8').split('\n').length - 1;
  assert.ok(lines <= 66, `${lines} lines`);
});
