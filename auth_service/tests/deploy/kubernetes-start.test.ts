import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Exit, freePort, startCli } from '../cli/child-process.ts';
import { describeOn } from '../cli/environments.ts';
import { filledIn } from '../cli/guide-environment.ts';
import { redisUrl, sharedRedisSkipReason } from '../support/redis-server.ts';
import { environmentOf, secretOf } from './kubernetes-environment.ts';
import { applyAsInGuide } from './kubernetes-guide.ts';
import { type Container, containersOf, find, type Manifest } from './kubernetes-manifests.ts';

const skip = sharedRedisSkipReason() ?? false;

describeOn('postgres', "the service, with the environment of the guide's manifests", (open) => {
  it('is migrated by the init container, starts, is ready, and tells callers apart', { skip }, async (t) => {
    const { DATABASE_URL = '' } = await open({ migrated: false });
    const { migrate, serve } = await pods(t, DATABASE_URL, {
      INITIAL_ADMIN_EMAIL: 'admin@acme.test',
      INITIAL_ADMIN_PASSWORD: 'Wr3ath-Kettle-Lantern-71',
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      // What deployment.yaml sets is overruled like this; nobody here waits for a balancer.
      AUTH_SERVICE_SHUTDOWN_DELAY_SECONDS: '0',
      AUTH_SERVICE_HOST: '127.0.0.1',
      AUTH_SERVICE_PORT: String(await freePort()),
    });
    // Each new pod migrates: the second finds nothing to do.
    for (const said of [/Applied/, /Nothing to do/]) {
      const { code, stdout, stderr } = await run(t, migrate);
      assert.equal(code, 0, stderr);
      assert.match(stdout, said);
    }
    const server = startCli(t, serve.container.command.slice(1), { env: serve.environment });
    const [, url = ''] = await server.says(/"message":"Listening","url":"([^"]+)"/);
    await server.says(/"message":"Ready"/);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      assert.equal((await fetch(url + serve.container[probe].httpGet.path)).status, 200, probe);
    }
    await assertCallersAreTold(url);

    server.kill('SIGTERM');
    const { code, stdout } = await server.exit;
    assert.equal(code, 0);
    assert.deepEqual(warningsIn(stdout), []);
  });

  it('is held up by a migration that fails', { skip }, async (t) => {
    const { DATABASE_URL = '' } = await open({ migrated: false });
    const nowhere = new URL(DATABASE_URL);
    nowhere.port = String(await freePort());
    const { migrate } = await pods(t, nowhere.href, {});
    const { code, stderr } = await run(t, migrate);
    assert.equal(code, 1);
    assert.match(stderr, /database/i);
  });

  it('would be misled by what Kubernetes tells of a Service called auth-service', { skip }, async (t) => {
    const { DATABASE_URL = '' } = await open({ migrated: false });
    const { serve } = await pods(t, DATABASE_URL, {});
    const check = (more: Record<string, string>) =>
      startCli(t, ['config', 'check'], { env: { ...serve.environment, ...more } }).exit;
    assert.equal((await check({})).code, 0);
    const { code, stdout, stderr } = await check({
      AUTH_SERVICE_SERVICE_HOST: '10.0.0.1',
      AUTH_SERVICE_SERVICE_PORT: '80',
      AUTH_SERVICE_PORT: 'tcp://10.0.0.1:80',
      AUTH_SERVICE_PORT_80_TCP: 'tcp://10.0.0.1:80',
    });
    assert.equal(code, 1);
    assert.match(stdout + stderr, /AUTH_SERVICE_PORT/);
  });
});

interface Pod {
  readonly container: Container;
  readonly environment: Readonly<Record<string, string>>;
}

/** The two containers, each with what it would find in its environment. */
async function pods(
  t: Parameters<typeof applyAsInGuide>[0],
  databaseUrl: string,
  extra: Readonly<Record<string, string>>,
): Promise<{ migrate: Pod; serve: Pod }> {
  const values = filledIn(databaseUrl);
  const manifests: Manifest[] = await applyAsInGuide(t, {
    values: {
      SUPABASE_URL: values.SUPABASE_URL ?? '',
      SUPABASE_ANON_KEY: values.SUPABASE_ANON_KEY ?? '',
      SUPABASE_SERVICE_ROLE_KEY: values.SUPABASE_SERVICE_ROLE_KEY ?? '',
      AUTH_SERVICE_DATABASE_URL: values.AUTH_SERVICE_DATABASE_URL ?? '',
      M2M_JWT_SECRET_KEY: values.M2M_JWT_SECRET_KEY ?? '',
      REDIS_URL: redisUrl() ?? '',
    },
  });
  if (Object.keys(extra).length > 0) manifests.push(secretOf('paservices-extra', extra));
  const [migrate, serve] = containersOf(find(manifests, 'Deployment')).map((container) => ({
    container,
    environment: environmentOf(container, manifests),
  }));
  assert.ok(migrate !== undefined && serve !== undefined);
  return { migrate, serve };
}

function run(t: Parameters<typeof startCli>[0], { container, environment }: Pod): Promise<Exit> {
  const [program, ...argv] = container.command;
  assert.equal(program, 'auth-service');
  return startCli(t, argv, { env: environment }).exit;
}

/** What a proxy in front writes at the end of the header counts, and nothing that the caller has put before it. */
async function assertCallersAreTold(url: string): Promise<void> {
  const fail = async (forwarded: string) => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: crypto.randomUUID(),
      client_secret: 'wrong',
    });
    const headers = { 'x-forwarded-for': forwarded };
    return (await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body, headers })).status;
  };
  const address = `203.0.113.${1 + (process.pid % 100)}`;
  for (let n = 0; n < 30; n += 1) assert.equal(await fail(`198.51.100.${n}, ${address}`), 401);
  assert.equal(await fail(`198.51.100.77, ${address}`), 429);
  assert.equal(await fail(`${address}, 203.0.113.${101 + (process.pid % 100)}`), 401);
}

function warningsIn(text: string): string[] {
  const parsed = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return parsed
    .filter(({ level, logger }) => level === 'WARNING' && logger === 'config')
    .map(({ message }) => message);
}
