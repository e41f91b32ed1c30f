import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort, REPOSITORY, start } from '../cli/child-process.ts';
import { startGotrue } from '../support/gotrue/double.ts';

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

/** What a newcomer reads on the terminal, which is not here. */
const ADMINISTRATOR = { INITIAL_ADMIN_EMAIL: 'admin@example.com', INITIAL_ADMIN_PASSWORD: PASSWORD };

async function runReadme(t: TestContext, settings: Readonly<Record<string, string>>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'readme-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const env = { PORT: String(port), DATA_DIR: folder, TMPDIR: folder, ...settings };
  const server = start(t, ['npm', 'start'], { env: { ...env, ...ADMINISTRATOR } });
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
}

test('every command of the README works, pasted in its order beside a started server', (t) =>
  runReadme(t, {}));

test('the same commands work with Supabase Auth as keeper of the accounts', async (t) => {
  await using gotrue = await startGotrue({ confirmsAutomatically: true });
  await runReadme(t, {
    SUPABASE_URL: gotrue.url,
    SUPABASE_ANON_KEY: gotrue.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: gotrue.serviceRoleKey,
  });
  assert.deepEqual([...gotrue.users.values()].map(({ email }) => email).toSorted(), [
    'ada@example.com',
    'admin@example.com',
  ]);
});

test('the README is one screen', () => {
  const lines = readFileSync(join(REPOSITORY, 'README.md'), 'utf8').split('\n').length - 1;
  assert.ok(lines <= 66, `${lines} lines`);
});
