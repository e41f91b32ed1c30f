import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { type Child, freePort, startCli } from '../cli/child-process.ts';
import { type Environment, run, temporaryFolder } from '../cli/command-line.ts';
import { describeOn } from '../cli/environments.ts';

/** Of the environment of a production container, what this command needs: nothing. */
const BARE: Environment = { ENVIRONMENT: 'production' };

const ask = (port: number, ...options: string[]) =>
  run(['healthcheck', ...options], { ...BARE, PORT: String(port) });

/** Something else on the port, which does as it is told with every connection. */
async function listen(t: TestContext, answer: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    answer(socket);
  });
  const port = await freePort();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return port;
}

describeOn('embedded', 'healthcheck', (open) => {
  let port: number;

  async function serve(t: TestContext, env: Environment): Promise<Child> {
    port = await freePort();
    const server = startCli(t, ['serve'], { env: { ...env, PORT: String(port) } });
    await server.says(/"message":"(Listening|Ready)"/);
    return server;
  }

  it('is content with a server that is ready', async (t) => {
    await serve(t, await open());
    assert.deepEqual(await ask(port), { code: 0, stdout: 'ready\n', stderr: '' });
    assert.deepEqual(await ask(port, '--live'), { code: 0, stdout: 'live\n', stderr: '' });
    assert.equal((await ask(port, '--json')).stdout, '{"ok":true,"detail":"ready"}\n');
  });

  it('says of one whose schema is behind what makes it ready, and that it lives', async (t) => {
    const server = await serve(t, { ...(await open({ migrated: false })), MIGRATE_ON_START: 'false' });
    await server.says(/Not ready/);
    const { code, stdout } = await ask(port);
    assert.equal(code, 1);
    assert.match(stdout, /^not ready: The database schema is behind .* auth-service migrate up\n$/);
    assert.equal((await ask(port, '--live')).code, 0);
  });

  it('says of one that waits for its database that it does', async (t) => {
    const nowhere = `postgresql://nobody@127.0.0.1:${await freePort()}/none`;
    const folder = temporaryFolder(t);
    await serve(t, { ENVIRONMENT: 'testing', DATA_DIR: folder, AUTH_SERVICE_DATABASE_URL: nowhere });
    const { code, stdout } = await ask(port);
    assert.equal(code, 1);
    assert.match(stdout, /^not ready: [^\n]+\n$/);
    assert.equal((await ask(port, '--live')).code, 0);
  });

  it('says of one that was told to stop that it is stopping', async (t) => {
    const server = await serve(t, { ...(await open()), SHUTDOWN_DELAY_SECONDS: '20' });
    server.kill('SIGTERM');
    await server.says(/"message":"Stopping"/);
    assert.deepEqual(await ask(port), {
      code: 1,
      stdout: 'not ready: The service is stopping.\n',
      stderr: '',
    });
  });

  it('says that nothing listens where nothing does', async () => {
    port = await freePort();
    const nothing = `not ready: nothing listens at 127.0.0.1:${port}\n`;
    assert.deepEqual(await ask(port), { code: 1, stdout: nothing, stderr: '' });
    assert.equal((await ask(port, '--live')).code, 1);
  });

  for (const [manner, answer] of [
    ['says nothing', () => {}],
    [
      'begins and never ends',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
    ],
  ] as const) {
    it(`gives up one that ${manner}`, async (t) => {
      const { code, stdout } = await ask(await listen(t, answer));
      assert.equal(code, 1);
      assert.match(
        stdout,
        /^not ready: 127\.0\.0\.1:\d+ (did not answer within 2 seconds|could not be asked: .+)\n$/,
      );
    });
  }

  it('reads no endless answer, and takes no other program for ours', async (t) => {
    const endless = await listen(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.write('x'.repeat(1_000_000));
    });
    assert.match((await ask(endless)).stdout, /^not ready: .*without end\n$/);
    const other = await listen(t, (socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n<html>\nno'));
    assert.equal((await ask(other)).stdout, `not ready: 127.0.0.1:${other} answered 404\n`);
  });

  it('asks where HOST has the server listen, and refuses a PORT that tells nobody', async () => {
    const asked = async (env: Environment) => (await run(['healthcheck'], { ...BARE, ...env })).stdout;
    port = await freePort();
    assert.match(await asked({ HOST: '127.0.0.2', PORT: `${port}` }), /listens at 127\.0\.0\.2:/);
    assert.match(await asked({ HOST: '::', AUTH_SERVICE_PORT: `${port}` }), /listens at 127\.0\.0\.1:/);
    assert.match(await asked({ HOST: '::1', PORT: `${port}` }), /\[::1\]:/);
    const { code, stderr } = await run(['healthcheck'], { PORT: '0' });
    assert.equal(code, 1);
    assert.match(stderr, /PORT is 0/);
  });

  it('goes by no proxy that the environment names', async (t) => {
    const env = await open();
    await serve(t, env);
    const proxy = `http://127.0.0.1:${await freePort()}`;
    const proxied = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, http_proxy: proxy, PORT: String(port) };
    const { code, stdout } = await startCli(t, ['healthcheck'], { env: proxied }).exit;
    assert.deepEqual([code, stdout], [0, 'ready\n']);
  });

  it('reads little of the service', async (t) => {
    const coverage = temporaryFolder(t);
    const env = { NODE_V8_COVERAGE: coverage, PORT: String(await freePort()) };
    await startCli(t, ['healthcheck'], { env }).exit;
    const read = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'));
    assert.match(read.join(), /src\/cli\/healthcheck\.ts/);
    assert.doesNotMatch(read.join(), /node_modules\/(fastify|kysely|pg|@electric-sql|ioredis)\//);
  });
});
