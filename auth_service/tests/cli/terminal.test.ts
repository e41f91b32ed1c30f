import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { BIN, type Child, freePort, REPOSITORY, start } from './child-process.ts';
import type { Environment } from './command-line.ts';
import { describeOn } from './environments.ts';

const CTRL_C = '\u0003';

/** A terminal of its own, as util-linux's `script` makes one; what goes to its stdin is typed there. */
function inTerminal(
  t: Parameters<typeof start>[0],
  command: string,
  env: Environment,
  cwd = REPOSITORY,
): Child {
  const options = { env: { ...env, TERM: 'xterm', NO_COLOR: '1' }, cwd };
  return start(t, ['script', '--quiet', '--return', '--flush', '--command', command, '/dev/null'], options);
}

describeOn('embedded', 'on a terminal', (open) => {
  const cli = `exec ${process.execPath} ${BIN}`;
  const serve = `${cli} serve`;

  it('the banner says where it is, what it stands on and what to try; Ctrl-C ends with 0', async (t) => {
    const env = { ...(await open()), PORT: String(await freePort()) };
    const server = inTerminal(t, serve, env);
    await server.says(/clients create --name ".*"/);
    const banner = server.text();
    assert.match(banner, new RegExp(`Listening +http://127\\.0\\.0\\.1:${env.PORT}\\r?\\n`));
    assert.match(banner, new RegExp(`Docs +http://localhost:${env.PORT}/docs\\r?\\n`));
    assert.match(banner, /Identity +embedded/);
    assert.match(banner, /Database +embedded, in /);
    assert.match(banner, /Redis +in memory/);
    assert.doesNotMatch(banner, /"level"/);
    server.process.stdin?.write(CTRL_C);
    assert.equal((await server.exit).code, 0);
  });

  it('the command of the banner works, and leads to one that gets a token', async (t) => {
    const env = { ...(await open()), PORT: String(await freePort()) };
    const server = inTerminal(t, serve, env);
    const [, argv = ''] = await server.says(/npx auth-service (clients create --name ".*")\r?\n/);
    const made = inTerminal(t, `${cli} ${argv}`, env);
    const [, client, url = ''] = await made.says(/curl -u (\S+) -d grant_type=client_credentials (\S+)\r?\n/);
    const response = await fetch(url, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(client ?? '').toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    assert.equal(response.status, 200);
  });

  it('npm start does the same from a sub-directory, and Ctrl-C stops once', async (t) => {
    const env = { ...(await open()), PORT: String(await freePort()) };
    const server = inTerminal(t, 'exec npm start', env, join(REPOSITORY, 'docs'));
    await server.says(/clients create --name ".*"/);
    server.process.stdin?.write(CTRL_C);
    const { code, stdout } = await server.exit;
    assert.equal(code, 0);
    assert.equal(stdout.match(/Stopping/g)?.length, 1);
    assert.equal(stdout.match(/Stopped/g)?.length, 1);
  });

  it('a person is told where Supabase is that keeps the accounts', async (t) => {
    const supabase = { IDENTITY: 'supabase', SUPABASE_URL: 'http://localhost:54321' };
    const keys = { SUPABASE_ANON_KEY: 'anon', SUPABASE_SERVICE_ROLE_KEY: 'service' };
    const env = { ...(await open()), ...supabase, ...keys, PORT: String(await freePort()) };
    const server = inTerminal(t, serve, env);
    await server.says(/Identity +Supabase Auth, localhost:54321\r?\n/);
  });

  it('a server that cannot start says why and what to do', async (t) => {
    const env = { ...(await open()), PORT: String(await freePort()) };
    const first = inTerminal(t, serve, env);
    await first.says(/Listening/);
    const { code, stdout } = await inTerminal(t, serve, { ...env, PORT: String(await freePort()) }).exit;
    assert.equal(code, 1);
    assert.match(stdout, /error: Another process uses the database in .*\r?\nStop it, or set DATA_DIR/);
    assert.doesNotMatch(stdout, / at .*\.ts:/);
  });
});
