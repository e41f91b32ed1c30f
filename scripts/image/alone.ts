/**
 * The image by itself, confined as far as Docker can, on the network of this machine: a PostgreSQL and a Redis beside
 * it, from its first start to its last.
 */
import { freePort } from '../../auth_service/tests/support/free-port.ts';
import { IMAGE } from './build.ts';
import { attempt } from './command.ts';
import type { Engine } from './engine.ts';
import { ADMINISTRATOR, SECRETS } from './environment.ts';
import { SERVICE_IMAGES } from './images.ts';
import { askAt, type Client, logIn, tokenFor } from './questions.ts';
import { awaited, type Report } from './report.ts';

const AUTH = 'paservices-test-auth';
const STORES = { redis: 'paservices-test-redis', postgres: 'paservices-test-postgres' };
const ALL = [AUTH, ...Object.values(STORES)];

const CONFINED = [
  ...['--read-only', '--tmpfs=/tmp', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
  ...['--memory=384m', '--pids-limit=128', '--network=host'],
];
/** The service stops within its seconds of serving on, and what was in flight. */
const STOP_SECONDS = 15;

interface Stage {
  readonly engine: Engine;
  readonly report: Report;
  readonly url: string;
}

export async function proveImage(engine: Engine, report: Report): Promise<void> {
  const [port, postgresPort, redisPort] = [await freePort(), await freePort(), await freePort()];
  const stage = { engine, report, url: `http://127.0.0.1:${port}` };
  await removeContainers(engine);
  try {
    await startStores(engine, postgresPort, redisPort);
    await startService(engine, {
      ...SECRETS,
      PORT: String(port),
      IDENTITY: 'embedded',
      SHUTDOWN_DELAY_SECONDS: '2',
      AUTH_SERVICE_DATABASE_URL: `postgresql://postgres:secret@127.0.0.1:${postgresPort}/postgres`,
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      PUBLIC_URL: 'https://auth.example.org',
    });
    await proveConfinement(stage);
    const client = await proveMigration(stage);
    await proveStopping(stage, client);
    await proveCompiledCode(stage);
  } catch (error) {
    const { stdout, stderr } = await attempt(['docker', 'logs', '--tail=30', AUTH], { env: engine.env });
    throw new Error(`${error instanceof Error ? error.message : error}\n${stdout}${stderr}`);
  } finally {
    await removeContainers(engine);
  }
}

async function removeContainers(engine: Engine): Promise<void> {
  await attempt(['docker', 'rm', '--force', '--volumes', ...ALL], { env: engine.env });
}

async function startStores({ docker }: Engine, postgresPort: number, redisPort: number): Promise<void> {
  const run = ['run', '--detach', '--network=host', '--name'];
  const redis = ['redis-server', '--bind', '127.0.0.1', '--port', String(redisPort)];
  await docker([...run, STORES.redis, '--user=999', SERVICE_IMAGES.redis, ...redis]);
  // The password comes through a file, as in the Compose file.
  const script = [
    'mkdir -p /run/postgresql && chown 999 /run/postgresql && printf secret >/tmp/password && chmod 644 /tmp/password',
    `exec setpriv --reuid=999 --regid=999 --clear-groups sh -c 'exec docker-entrypoint.sh postgres -c port=${postgresPort}'`,
  ].join(' && ');
  const settings = {
    POSTGRES_USER: 'postgres',
    POSTGRES_PASSWORD_FILE: '/tmp/password',
    POSTGRES_INITDB_ARGS: '--auth-host=scram-sha-256',
  };
  const env = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const shell = ['--entrypoint=sh', ...env, SERVICE_IMAGES.postgres, '-c', script];
  await docker([...run, STORES.postgres, ...shell]);
}

async function startService({ docker }: Engine, variables: Record<string, string>): Promise<void> {
  // Through this process's environment, so that no secret is on a command line here either.
  const names = Object.keys(variables).flatMap((name) => ['--env', name]);
  const often = ['--health-interval=1s', '--health-start-period=1s', '--health-retries=2'];
  const words = ['run', '--detach', '--name', AUTH, ...CONFINED, ...often, ...names, IMAGE];
  await docker(words, { env: variables });
}

function inside({ engine }: Stage, ...words: readonly string[]) {
  return attempt(['docker', 'exec', AUTH, ...words], { env: engine.env });
}

async function lives({ url }: Stage): Promise<true | null> {
  return (await askAt(url)('/health/live')).status === 200 ? true : null;
}

function isHealth({ engine }: Stage, wanted: string): () => Promise<true | null> {
  const words = ['inspect', '--format', '{{.State.Health.Status}}', AUTH];
  return async () => ((await engine.docker(words)) === wanted ? true : null);
}

async function proveConfinement(stage: Stage): Promise<void> {
  const { report } = stage;
  await awaited('the service answers', 60, () => lives(stage));
  report.check('it starts read-only, without capabilities, in 384 MB', true);
  const { stdout } = await inside(stage, 'cat', '/proc/1/status');
  const said = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(stdout)?.[1];
  const first = (await inside(stage, 'cat', '/proc/1/cmdline')).stdout;
  report.check(
    'its first process is the service itself',
    /^node\0.*auth-service\0serve\0$/.test(first),
    first,
  );
  report.check('it is not root', said('Uid') === '1000', said('Uid'));
  report.check('it has no capability left, nor a way to one', /^0+$/.test(said('CapBnd') ?? ''));
  const { code } = await inside(stage, 'sh', '-c', 'echo x >/app/auth_service/src/main.ts');
  report.check('it cannot change its own code', code !== 0);
}

async function proveMigration(stage: Stage): Promise<Client> {
  const { report, url } = stage;
  const asked = async () => {
    const outcome = await inside(stage, 'auth-service', 'healthcheck');
    return outcome.stdout.includes('migrate up') ? outcome : null;
  };
  const { code } = await awaited('it says that the schema is behind', 60, asked);
  report.check('on a schema that is behind it is up and not ready', code === 1);
  await awaited('Docker calls it unhealthy', 60, isHealth(stage, 'unhealthy'));
  report.check('the health check says so to Docker', true);
  const migrated = await inside(stage, 'auth-service', 'migrate', 'up');
  report.check('migrate up works by exec beside it', migrated.code === 0, migrated.stderr);
  await awaited('Docker calls it healthy', 60, isHealth(stage, 'healthy'));
  report.check('then it becomes ready by itself, and healthy', true);
  const { status, body } = await logIn(askAt(url));
  report.check(`${ADMINISTRATOR.email} logs in`, status === 200 && 'access_token' in body, body);
  const made = await inside(stage, 'auth-service', 'clients', 'create', '--name', 'Proof', '--json');
  const client = JSON.parse(made.stdout) as Client;
  report.check('a client gets a token', (await tokenFor(askAt(url), client)).status === 200);
  const health = await askAt(url)('/health');
  report.check('PostgreSQL and Redis are in order', health.body.status === 'ok', health.body);
  const memory = ['stats', '--no-stream', '--format', '{{.MemUsage}}', AUTH];
  report.measured('memory after that', await stage.engine.docker(memory));
  return client;
}

async function stop({ engine }: Stage): Promise<{ code: string; seconds: number }> {
  const startedAt = performance.now();
  await engine.docker(['stop', `--time=${STOP_SECONDS * 2}`, AUTH], { timeoutMs: STOP_SECONDS * 3000 });
  const seconds = (performance.now() - startedAt) / 1000;
  return { code: await engine.docker(['inspect', '--format', '{{.State.ExitCode}}', AUTH]), seconds };
}

/**
 * Whether a handler is there: SIGTERM, number 15, among the signals caught. Until Node has begun to read the program, a
 * few hundredths of a second, there is none, and the kernel drops the signal; `init: true` in the Compose file is for that.
 */
async function hearsTermination(stage: Stage): Promise<true | null> {
  const { stdout } = await inside(stage, 'cat', '/proc/1/status');
  const caught = BigInt(`0x${/^SigCgt:\s+(\S+)/m.exec(stdout)?.[1] ?? '0'}`);
  return (caught & (1n << 14n)) === 0n ? null : true;
}

async function proveStopping(stage: Stage, client: Client): Promise<void> {
  const { engine, report, url } = stage;
  const first = await stop(stage);
  report.check('on SIGTERM it ends with 0', first.code === '0', first);
  report.measured('ended after', `${first.seconds.toFixed(1)} s (two of them serving on)`);
  report.check('well before the kill', first.seconds < STOP_SECONDS, first);
  await engine.docker(['start', AUTH]);
  await awaited('its first process listens for SIGTERM', 30, () => hearsTermination(stage));
  const early = await stop(stage);
  report.check(
    'it hears a stop while it starts',
    early.code !== '137' && early.seconds < STOP_SECONDS,
    early,
  );
  await engine.docker(['start', AUTH]);
  await awaited('it is ready again', 60, async () =>
    (await askAt(url)('/health/ready')).status === 200 ? true : null,
  );
  report.check('after a restart what was made is there', (await tokenFor(askAt(url), client)).status === 200);
}

/** How long a command takes with the compiled code of the image, and without. */
async function proveCompiledCode(stage: Stage): Promise<void> {
  const took = async (cache: string) => {
    const script = `const s = performance.now(); await import('/app/auth_service/src/compose/index.ts'); console.log(performance.now() - s)`;
    const words = ['env', `NODE_COMPILE_CACHE=${cache}`, 'node', '--input-type=module', '-e', script];
    const runs = [
      await inside(stage, ...words),
      await inside(stage, ...words),
      await inside(stage, ...words),
    ];
    return Math.min(...runs.map(({ stdout }) => Number(stdout)));
  };
  const [with_, without] = [await took('/app/compiled'), await took('/nowhere')];
  stage.report.measured(
    'the service is loaded in',
    `${with_.toFixed(0)} ms, without compiled code ${without.toFixed(0)} ms`,
  );
  const { stdout } = await inside(stage, 'sh', '-c', 'find "$NODE_COMPILE_CACHE" -type f | wc -l');
  stage.report.check('the compiled code is that of this Node and this user', Number(stdout) > 100, stdout);
}
