import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryDirectory } from '../support/run-directory.ts';
import { NO_SSH_SERVER, startSshServer } from './ssh-server.ts';
import { askDeadService, askHealthyService } from './workflow-answers.ts';
import { APPLICATION, COMMIT, DEPLOYMENT, EXTRA, SECRETS, TELLTALE, without } from './workflow-settings.ts';
import { type Answer, type Call, makeStandIns, REPOSITORY } from './workflow-stand-ins.ts';

const EARLIER = 'f'.repeat(40);
const COMPOSE = 'compose --file docker-compose.prod.yml';
const START = `${COMPOSE} up --detach --no-build --wait --wait-timeout 300`;
const MIGRATE = `${COMPOSE} run --rm -T auth_service auth-service migrate up`;

/** The stack as it is, or something in its place where it is not. */
function stackFile(): string {
  const real = join(REPOSITORY, 'auth_service/docker-compose.prod.yml');
  if (existsSync(real)) return real;
  const standIn = join(temporaryDirectory('stack'), 'docker-compose.prod.yml');
  writeFileSync(standIn, 'services: {}\n');
  return standIn;
}

/** A server with Docker, and the way that a workflow takes to it. */
async function openServer() {
  await using opened = new AsyncDisposableStack();
  let docker: (words: string) => Answer = () => ({});
  let curl: (call: Call) => Answer = askHealthyService;
  const tools = opened.use(
    await makeStandIns({
      docker: ({ argv }) => docker(argv.join(' ').replace(/--config \S+/, '--config FOLDER')),
      curl: (call) => curl(call),
      ssh: () => ({ passOn: '/usr/bin/ssh' }),
    }),
  );
  const ssh = opened.use(await startSshServer(tools.path));
  const folder = join(ssh.home, 'paservices/auth_service');
  const settings = {
    ...DEPLOYMENT,
    STACK_FILE: stackFile(),
    SSH_HOST: '127.0.0.1',
    SSH_PORT: String(ssh.port),
    SSH_USER: ssh.user,
    SSH_PRIVATE_KEY: ssh.privateKey,
    SSH_KNOWN_HOSTS: ssh.knownHosts,
  };
  const owned = opened.move();
  return {
    ssh,
    folder,
    read: (file: string) => readFileSync(join(folder, file), 'utf8'),
    async deploy(
      env: Readonly<Record<string, string>> = {},
      parts: { docker?: typeof docker; curl?: typeof curl } = {},
    ) {
      docker = parts.docker ?? (() => ({}));
      curl = parts.curl ?? askHealthyService;
      tools.calls.length = 0;
      const outcome = await tools.run('compose.sh', [], { ...settings, ...env });
      const spoken = JSON.stringify([outcome, tools.calls.map(({ argv }) => argv)]);
      assert.doesNotMatch(spoken, TELLTALE);
      assert.doesNotMatch(spoken, /PRIVATE KEY/);
      const calls = tools.calls.filter(({ tool }) => tool === 'docker');
      const deeds = calls.map(({ argv }) => argv.join(' ').replace(/--config \S+/, '--config FOLDER'));
      return { ...outcome, calls, deeds: deeds.filter((each) => !/ (version|ps|logs)\b/.test(each)) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** As Docker Compose reads an env_file, of what is in double quotes. */
function readEnvFile(text: string): Record<string, string> {
  const unescaped = (value: string) =>
    value.replace(/\\(.)|\$/g, (_, escaped?: string) => {
      assert.ok(escaped !== undefined, 'a $ that names a variable');
      return { n: '\n', r: '\r' }[escaped] ?? escaped;
    });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(\w+)="((?:[^"\\]|\\.)*)"$/.exec(line) ?? [];
      assert.notEqual(name, '', `not a line of an env_file: ${line.slice(0, 20)}`);
      return [name, unescaped(value)];
    }),
  );
}

describe('a deployment to a server with Docker Compose', { skip: NO_SSH_SERVER }, () => {
  it('brings the files, pulls, migrates, starts, and asks the service', async () => {
    await using server = await openServer();
    const { code, calls, deeds, stderr, stdout } = await server.deploy();
    assert.equal(code, 0, stderr);
    assert.deepEqual(deeds, [
      '--config FOLDER login --username paservices --password-stdin',
      `--config FOLDER pull --quiet paservices/paservices-auth:${COMMIT}`,
      MIGRATE,
      START,
    ]);
    assert.equal(calls.find(({ argv }) => argv.includes('login'))?.stdin, `${SECRETS.DOCKERHUB_TOKEN}\n`);
    assert.match(stdout, /serves\.\n$/);
    assert.deepEqual(readdirSync(server.folder).sort(), [
      '.deploy.lock',
      '.deployed',
      '.env',
      '.env.production',
      'docker-compose.prod.yml',
    ]);
    const six = without(APPLICATION, 'REDIS_URL');
    assert.deepEqual(readEnvFile(server.read('.env.production')), { ...six, ...EXTRA });
    assert.equal(statSync(join(server.folder, '.env.production')).mode & 0o777, 0o600);
    assert.equal(statSync(server.folder).mode & 0o777, 0o700);
    assert.deepEqual(server.read('.env').trim().split('\n'), [
      'ACME_EMAIL=admin@example.com',
      'AUTH_DOMAIN=auth.example.com',
      'DOCKER_REGISTRY=paservices',
      `IMAGE_TAG=${COMMIT}`,
    ]);
  });

  it('comes back to what served before, when the migration, the start or the smoke test fails', async () => {
    await using server = await openServer();
    await server.deploy({ IMAGE_TAG: EARLIER });
    writeFileSync(join(server.folder, '.env'), `EDGE_SUBNET=10.9.0.0/28\n${server.read('.env')}`);
    await server.deploy({ IMAGE_TAG: EARLIER });
    const before = server.read('.env.production');

    const newSecret = { M2M_JWT_SECRET_KEY: 'secret-20' };
    const failing = (which: string) => {
      let isOver = false;
      return (words: string): Answer => {
        if (words !== which || isOver) return {};
        isOver = true;
        return { code: 1, stderr: 'it is not to be\n' };
      };
    };
    const attempts = [
      { docker: failing(MIGRATE), says: /The deployment failed\./ },
      { docker: failing(START), says: /The deployment failed\./ },
      { curl: askDeadService, says: /answered 502[\s\S]*The smoke test failed\./ },
    ];
    for (const { says, ...parts } of attempts) {
      const { code, deeds, stderr } = await server.deploy(newSecret, parts);
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.match(stderr, new RegExp(`Rolling back to IMAGE_TAG=${EARLIER}[\\s\\S]*It serves again`));
      assert.equal(deeds.at(-1), START);
      assert.match(
        server.read('.env'),
        new RegExp(`^EDGE_SUBNET=10.9.0.0/28\n[\\s\\S]*IMAGE_TAG=${EARLIER}\n$`),
      );
      assert.equal(server.read('.env.production'), before);
    }
  });

  it('does not start what could not be migrated', async () => {
    await using server = await openServer();
    const { code, deeds, stderr } = await server.deploy(
      {},
      { docker: (words) => ({ code: words === MIGRATE ? 1 : 0 }) },
    );
    assert.equal(code, 1);
    assert.ok(!deeds.includes(START));
    assert.match(stderr, /nothing to roll back to/);
  });

  it('says so when the way back fails too', async () => {
    await using server = await openServer();
    await server.deploy({ IMAGE_TAG: EARLIER });
    const { code, stderr } = await server.deploy(
      {},
      { docker: (words) => ({ code: words === START ? 1 : 0 }) },
    );
    assert.equal(code, 1);
    assert.match(stderr, /THE ROLL-BACK FAILED/);
    assert.doesNotMatch(stderr, /serves again/);
  });

  it('tells a stranger nothing who has the address of the server, known by another key or by none', async () => {
    await using server = await openServer();
    for (const known of [
      server.ssh.otherKnownHosts,
      server.ssh.knownHosts.replace('127.0.0.1', '127.0.0.2'),
    ]) {
      const { code, deeds, stderr } = await server.deploy({ SSH_KNOWN_HOSTS: known });
      assert.notEqual(code, 0);
      assert.match(stderr, /Host key verification failed/);
      assert.deepEqual(deeds, []);
      assert.ok(!existsSync(join(server.ssh.home, 'paservices')));
    }
  });

  it('does not replace an environment that somebody wrote by hand', async () => {
    await using server = await openServer();
    await server.deploy();
    writeFileSync(join(server.folder, '.env.production'), 'ENCRYPTION_KEY=the only one\n');
    const { code, deeds, stderr } = await server.deploy();
    assert.equal(code, 1);
    assert.match(stderr, /was written by hand[\s\S]*AUTH_SERVICE_EXTRA_ENV/);
    assert.deepEqual(deeds, []);
    assert.equal(server.read('.env.production'), 'ENCRYPTION_KEY=the only one\n');
  });

  it('pulls without a log-in where the image is everybody’s', async () => {
    await using server = await openServer();
    const { code, deeds } = await server.deploy({ DOCKERHUB_TOKEN: '' });
    assert.equal(code, 0);
    assert.match(deeds[0] ?? '', /pull/);
  });
});
