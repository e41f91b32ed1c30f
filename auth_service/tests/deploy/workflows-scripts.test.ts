import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryDirectory } from '../support/run-directory.ts';
import { COMMIT, DEPLOYMENT, SECRETS, TELLTALE, without } from './workflow-settings.ts';
import { makeStandIns, REPOSITORY } from './workflow-stand-ins.ts';

const IMAGE = `paservices/paservices-auth:${COMMIT}`;

async function run(script: string, argv: readonly string[], env: Readonly<Record<string, string>>) {
  await using tools = await makeStandIns({});
  return await tools.run(script, argv, env);
}

/** The lines below a heading. */
function named(stderr: string): string[] {
  return [...stderr.matchAll(/^ {2}(\w+)$/gm)].map(([, name = '']) => name);
}

describe('what a deployment needs', () => {
  const APPLICATION = [
    ...['AUTH_DOMAIN', 'SUPABASE_URL', 'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY'],
    ...['AUTH_SERVICE_DATABASE_URL', 'M2M_JWT_SECRET_KEY'],
  ];
  const SSH = ['ACME_EMAIL', 'SSH_HOST', 'SSH_USER', 'SSH_PRIVATE_KEY', 'SSH_KNOWN_HOSTS'];
  const KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
  const cases: readonly (readonly [argv: string[], env: Record<string, string>, names: string[]])[] = [
    [['image'], {}, ['DOCKERHUB_USERNAME', 'DOCKERHUB_TOKEN']],
    [['kubernetes', 'aws'], {}, [...APPLICATION, 'REDIS_URL', 'AWS_REGION', 'EKS_CLUSTER_NAME', ...KEYS]],
    [
      ['kubernetes', 'aws'],
      { AWS_ROLE_ARN: 'arn', MISSING: 'DOCKERHUB_TOKEN' },
      ['DOCKERHUB_TOKEN', ...APPLICATION, 'REDIS_URL', 'AWS_REGION', 'EKS_CLUSTER_NAME'],
    ],
    [
      ['kubernetes', 'digitalocean'],
      {},
      [...APPLICATION, 'REDIS_URL', 'DIGITALOCEAN_ACCESS_TOKEN', 'DIGITALOCEAN_CLUSTER_NAME'],
    ],
    [['compose', 'aws'], {}, [...APPLICATION, ...SSH]],
    [['compose', 'digitalocean'], { SMOKE_CLIENT_ID: 'x' }, [...APPLICATION, ...SSH, 'SMOKE_CLIENT_SECRET']],
  ];
  for (const [argv, env, names] of cases) {
    it(`is named all at once: ${argv.join(' ')} ${Object.keys(env).join(' ')}`, async () => {
      const { code, stderr } = await run('requirements.sh', argv, env);
      assert.equal(code, 1);
      assert.deepEqual(named(stderr).sort(), [...names].sort());
      assert.match(stderr, /docs\/deploy\/github-actions\.md/);
    });
  }

  it('is nothing more when all of it is there; only names can be listed', async () => {
    assert.deepEqual(await run('requirements.sh', ['kubernetes'], DEPLOYMENT), {
      code: 0,
      stdout: '',
      stderr: '',
    });
    const listed = await run('requirements.sh', ['--list', 'image'], { DOCKERHUB_USERNAME: 'a' });
    assert.deepEqual(listed, { code: 0, stdout: 'DOCKERHUB_TOKEN\n', stderr: '' });
    assert.equal((await run('requirements.sh', ['somewhere'], {})).code, 2);
  });

  it('has to look like what it is, since it becomes part of commands; what it holds is not shown', async () => {
    const { code, stderr } = await run('requirements.sh', ['kubernetes'], {
      ...DEPLOYMENT,
      AUTH_DOMAIN: 'https://secret-99.example.com/',
      KUBE_NAMESPACE: 'a b',
      SSH_HOST: '-oProxyCommand=secret-99',
      SSH_USER: 'root; secret-99',
      SSH_PORT: '22 secret-99',
      DEPLOY_PATH: "x'; secret-99",
      ACME_EMAIL: 'secret-99',
      AUTH_SERVICE_EXTRA_ENV: 'GOOD=1\n# note\n\nsecret-99\nexport ALSO=secret-99',
    });
    assert.equal(code, 1);
    const faults = [...stderr.matchAll(/^ {2}(\w+): (.*)$/gm)].map(([, name, what]) => `${name} ${what}`);
    assert.equal(faults.length, 9, stderr);
    assert.deepEqual(faults.slice(-2), [
      'AUTH_SERVICE_EXTRA_ENV line 4 is not NAME=value',
      'AUTH_SERVICE_EXTRA_ENV line 5 is not NAME=value',
    ]);
    assert.doesNotMatch(stderr, /secret-99/);
  });
});

describe('the plan', () => {
  const STAGING = {
    ENVIRONMENT: 'staging',
    PROVIDER: 'aws',
    TARGET: 'compose',
    REF: 'refs/heads/x',
    IMAGE_TAG: COMMIT,
  };

  it('is the outputs of a step', async () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'auth_service/package.json'), 'utf8'));
    const { stdout } = await run('plan.sh', [], STAGING);
    assert.equal(stdout, `environment=staging\nprovider=aws\ntarget=compose\nversion=${version}\n`);
    assert.equal((await run('plan.sh', [], { ...STAGING, ENVIRONMENT: 'production' })).code, 1);
    const fromMain = { ...STAGING, ENVIRONMENT: 'production', REF: 'refs/heads/main' };
    assert.equal((await run('plan.sh', [], fromMain)).code, 0);
  });

  it('says of a push what its repository lacks, all at once', async () => {
    const { code, stdout, stderr } = await run('plan.sh', [], {
      ENVIRONMENT: 'prod\nx=y',
      IMAGE_TAG: '$(id)',
    });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    for (const name of ['DEPLOY_ENVIRONMENT', 'DEPLOY_PROVIDER', 'DEPLOY_TARGET', 'IMAGE_TAG']) {
      assert.ok(stderr.includes(name), stderr);
    }
  });
});

describe('the image', () => {
  async function build(isThere: boolean) {
    await using tools = await makeStandIns({
      docker: ({ argv }) => ({ code: argv.includes('imagetools') && !isThere ? 1 : 0 }),
    });
    const outcome = await tools.run('image.sh', [], DEPLOYMENT);
    assert.doesNotMatch(JSON.stringify([outcome, tools.calls.map(({ argv }) => argv)]), TELLTALE);
    return { ...outcome, calls: tools.calls };
  }

  it('is built for both platforms from this commit, and pushed; the token goes in by standard input', async () => {
    const { code, calls, stderr } = await build(false);
    assert.equal(code, 0, stderr);
    const [login, , , built] = calls;
    assert.deepEqual(login?.argv, ['login', '--username', 'paservices', '--password-stdin']);
    assert.equal(login?.stdin, `${SECRETS.DOCKERHUB_TOKEN}\n`);
    const words = built?.argv.join(' ') ?? '';
    for (const part of [
      'buildx build',
      '--push',
      '--platform linux/amd64,linux/arm64',
      `--build-arg REVISION=${COMMIT}`,
      `--tag ${IMAGE} .`,
    ]) {
      assert.ok(words.includes(part), words);
    }
  });

  it('is not built again when the commit has one', async () => {
    const { code, calls, stdout } = await build(true);
    assert.equal(code, 0);
    assert.ok(!calls.some(({ argv }) => argv.includes('build')));
    assert.match(stdout, /is there already/);
  });
});

describe('the way to a cluster', () => {
  it('at AWS is what its own client writes', async () => {
    await using tools = await makeStandIns({ aws: () => ({}) });
    const env = { KUBECONFIG: '/nowhere/kubeconfig', EKS_CLUSTER_NAME: 'one', AWS_REGION: 'eu-west-1' };
    assert.equal((await tools.run('cluster.sh', ['aws'], env)).code, 0);
    assert.equal(
      tools.calls[0]?.argv.join(' '),
      'eks update-kubeconfig --name one --region eu-west-1 --kubeconfig /nowhere/kubeconfig',
    );
  });

  it('at DigitalOcean is asked for by name, for two hours, readable for nobody else', async () => {
    const asked: string[] = [];
    const api = createServer(({ url = '', headers }, response) => {
      asked.push(`${url} ${headers.authorization}`);
      const clusters = [
        { id: '1', name: 'other' },
        { id: '2', name: 'it\'s "one"' },
      ];
      response.end(
        url.endsWith('=200') ? JSON.stringify({ kubernetes_clusters: clusters }) : 'kind: Config\n',
      );
    });
    await new Promise<void>((done) => api.listen(0, '127.0.0.1', done));
    await using tools = await makeStandIns({ curl: () => ({ passOn: '/usr/bin/curl' }) });
    const token = SECRETS.DIGITALOCEAN_ACCESS_TOKEN;
    const env = {
      KUBECONFIG: join(temporaryDirectory('cluster'), 'kubeconfig'),
      DIGITALOCEAN_API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      DIGITALOCEAN_ACCESS_TOKEN: token,
      DIGITALOCEAN_CLUSTER_NAME: 'it\'s "one"',
    };
    const outcome = await tools.run('cluster.sh', ['digitalocean'], env);
    const unknown = await tools.run('cluster.sh', ['digitalocean'], {
      ...env,
      DIGITALOCEAN_CLUSTER_NAME: 'two',
    });
    api.closeAllConnections();
    api.close();
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.deepEqual(asked.slice(0, 2), [
      `/v2/kubernetes/clusters?per_page=200 Bearer ${token}`,
      `/v2/kubernetes/clusters/2/kubeconfig?expiry_seconds=7200 Bearer ${token}`,
    ]);
    assert.equal(readFileSync(env.KUBECONFIG, 'utf8'), 'kind: Config\n');
    assert.equal(statSync(env.KUBECONFIG).mode & 0o777, 0o600);
    assert.doesNotMatch(JSON.stringify(tools.calls.map(({ argv }) => argv)), TELLTALE);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no Kubernetes cluster/);
  });
});

describe('a deployment by script', () => {
  for (const script of ['kubernetes.sh', 'compose.sh', 'image.sh']) {
    it(`does nothing before everything is there: ${script}`, async () => {
      await using tools = await makeStandIns({ kubectl: () => ({}), ssh: () => ({}), docker: () => ({}) });
      const incomplete = without(DEPLOYMENT, 'AUTH_DOMAIN', 'DOCKERHUB_TOKEN');
      const { code, stderr } = await tools.run(script, ['aws'], incomplete);
      assert.equal(code, 1);
      assert.match(stderr, /lacks/);
      assert.deepEqual(tools.calls, []);
    });
  }

  it('carries out nothing that its settings say', () => assert.ok(!existsSync('/tmp/never')));
});
