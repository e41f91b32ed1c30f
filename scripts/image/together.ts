/** The standalone stack of the Compose files: the service, Redis, PostgreSQL, and the reader of Docker's socket. */
import { IMAGE } from './build.ts';
import type { Engine } from './engine.ts';
import { type Answer, type Ask, type Client, logIn, tokenFor } from './questions.ts';
import { awaited, type Report } from './report.ts';
import { NETWORKS, PROJECT, type Stack } from './stack.ts';

const FORGED = '203.0.113.77';

export interface Together {
  readonly engine: Engine;
  readonly report: Report;
  readonly stack: Stack;
}

export async function proveStack(together: Together): Promise<void> {
  const { report, stack } = together;
  await stack.besideSupabase('config');
  report.check('the file for a Supabase beside it is one that Compose takes', true);
  await stack.compose('config');
  await stack.compose('up', '-d', 'auth_service', 'docker_socket');
  try {
    const client = await proveFirstStart(together);
    await proveSecrecy(together);
    await proveAddresses(together);
    await proveSocket(together);
    await proveUpgrade(together, client);
  } catch (error) {
    const { stdout } = await stack.tryTo('logs', '--no-color', '--tail=20');
    throw new Error(`${error instanceof Error ? error.message : error}\n${stdout}`);
  }
}

/** From a container that sits in this network, as Traefik does in the network `edge`. */
function askFrom({ engine }: Together, network: string, address = 'http://auth_service:8000'): Ask {
  return async (path, { headers = {}, body } = {}) => {
    const request = JSON.stringify({ method: body === undefined ? 'GET' : 'POST', headers, body });
    const script = `const answer = await fetch('${address}${path}', { ...${request}, signal: AbortSignal.timeout(5000) });
      const text = await answer.text();
      let body = {}; try { body = JSON.parse(text); } catch {}
      console.log(JSON.stringify({ status: answer.status, body }));`;
    const words = ['run', '--rm', '--interactive', `--network=${network}`, IMAGE];
    const said = await engine.docker([...words, 'node', '--input-type=module', '-'], { input: script });
    return JSON.parse(said) as Answer;
  };
}

async function healthOf({ engine, stack }: Together, service: string): Promise<string> {
  const container = (await stack.compose('ps', '-q', service)).split('\n')[0] ?? '';
  return engine.docker(['inspect', '--format', '{{.State.Health.Status}}', container]);
}

function untilHealthy(together: Together, service = 'auth_service'): Promise<true> {
  return awaited(`${service} is healthy`, 90, async () =>
    (await healthOf(together, service)) === 'healthy' ? true : null,
  );
}

function inService({ stack }: Together, ...words: readonly string[]) {
  return stack.tryTo('exec', '-T', 'auth_service', ...words);
}

async function proveFirstStart(together: Together): Promise<Client> {
  const { report, stack } = together;
  report.check('the stack comes up, Redis and PostgreSQL before the service', true);
  const behind = await awaited('it waits for its schema', 60, async () => {
    const { stdout } = await inService(together, 'auth-service', 'healthcheck');
    return stdout.includes('migrate up') ? stdout : null;
  });
  report.check('it is up, and not ready before the schema is there', behind.startsWith('not ready'));
  await stack.compose('exec', '-T', 'auth_service', 'auth-service', 'migrate', 'up');
  await untilHealthy(together);
  report.check('exec auth_service auth-service migrate up makes it ready', true);
  const edge = askFrom(together, NETWORKS.edge);
  const { status } = await logIn(edge);
  report.check('the administrator of .env.production logs in', status === 200, status);
  const made = await inService(together, 'auth-service', 'clients', 'create', '--name', 'Proof', '--json');
  const client = JSON.parse(made.stdout) as Client;
  report.check('a client gets a token', (await tokenFor(edge, client)).status === 200);
  const { body } = await edge('/health');
  report.check('Redis takes its password', body.status === 'ok', body);
  return client;
}

async function proveSecrecy(together: Together): Promise<void> {
  const { engine, report } = together;
  const secrets = await Promise.all(
    ['/run/redis_password/url', '/run/db_password/url'].map(async (file) => {
      const { stdout } = await inService(together, 'cat', file);
      return /:([0-9a-f]{64})@/.exec(stdout)?.[1] ?? '';
    }),
  );
  report.check('two passwords were made', new Set(secrets).size === 2 && !secrets.includes(''));
  const filter = `label=com.docker.compose.project=${PROJECT}`;
  const ids = (await engine.docker(['ps', '-aq', '--filter', filter])).split('\n');
  const shown = await engine.docker(['inspect', ...ids]);
  report.check('docker inspect shows neither', !secrets.some((secret) => shown.includes(secret)));
  const { Ports, Bindings } = publishedBy(shown);
  report.check('no port is published but by Traefik', Ports === 0 && Bindings === 0);
}

function publishedBy(shown: string): { Ports: number; Bindings: number } {
  const containers = JSON.parse(shown) as {
    HostConfig: { PortBindings: object | null; PublishAllPorts: boolean };
  }[];
  return {
    Ports: containers.filter(({ HostConfig }) => HostConfig.PublishAllPorts).length,
    Bindings: containers.filter(({ HostConfig }) => Object.keys(HostConfig.PortBindings ?? {}).length > 0)
      .length,
  };
}

/** Whom a forwarding header is believed from: the log says which address was taken for the caller's. */
async function proveAddresses(together: Together): Promise<void> {
  const { report, stack } = together;
  const seen = async (network: string) => {
    const path = `/api/v1/auth/nowhere-${network}`;
    await askFrom(together, network)(path, { headers: { 'x-forwarded-for': FORGED } });
    return await awaited('the request is in the log', 60, async () => {
      const lines = (await stack.compose('logs', '--no-color', 'auth_service')).split('\n');
      const line = lines.find((each) => each.includes(path));
      return /"client_ip":"([^"]+)"/.exec(line ?? '')?.[1] ?? null;
    });
  };
  report.check(
    "in Traefik's network a forwarded address is believed",
    (await seen(NETWORKS.edge)) === FORGED,
  );
  const other = await seen(NETWORKS.database);
  report.check('from anywhere else a forged one gains nothing', other !== FORGED, other);
}

/** What Traefik may read of Docker, and that nobody may more. */
async function proveSocket(together: Together): Promise<void> {
  const { report } = together;
  await untilHealthy(together, 'docker_socket');
  const socket = askFrom(together, `${PROJECT}_docker_socket`, 'http://docker_socket:2375');
  for (const path of ['/v1.41/containers/json', '/version', '/_ping']) {
    const { status } = await socket(path);
    report.check(`Docker's socket: ${path} is read`, status === 200, status);
  }
  const refused = [
    '/images/json',
    '/v1.41/containers/a/archive?path=/etc/passwd',
    '/containers/a/logs',
    '/info',
  ];
  for (const path of [...refused, '/containers/a%2fjson', '/secrets']) {
    const { status } = await socket(path);
    report.check(`Docker's socket: ${path} is refused`, status === 403, status);
  }
  const { status } = await socket('/containers/json', { body: '{}' });
  report.check("Docker's socket: nothing is changed", status === 403, status);
  const outside = askFrom(together, NETWORKS.edge, 'http://docker_socket:2375')('/version');
  report.check("only Traefik's own network for it leads there", (await outside.catch(() => null)) === null);
}

async function proveUpgrade(together: Together, client: Client): Promise<void> {
  const { engine, report, stack } = together;
  const { code, stdout, stderr } = await stack.tryTo(
    'run',
    '--rm',
    'auth_service',
    'auth-service',
    'migrate',
    'up',
  );
  report.check('run --rm auth_service auth-service migrate up works beside it', code === 0, stdout + stderr);
  const container = await stack.compose('ps', '-q', 'auth_service');
  await stack.compose('stop', 'auth_service');
  const exit = await engine.docker(['inspect', '--format', '{{.State.ExitCode}}', container]);
  report.check('the service ends with 0', exit === '0', exit);
  await stack.compose('down', '--timeout', '20');
  await stack.compose('up', '-d', 'auth_service');
  await untilHealthy(together);
  const { status } = await tokenFor(askFrom(together, NETWORKS.edge), client);
  report.check('after down and up everything is there, ready without a word', status === 200, status);
}
