import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { askDeadService, askHealthyService } from './workflow-answers.ts';
import { APPLICATION, COMMIT, DEPLOYMENT, EXTRA, TELLTALE } from './workflow-settings.ts';
import { type Answer, type Call, makeStandIns, REPOSITORY } from './workflow-stand-ins.ts';

const IMAGE = `paservices/paservices-auth:${COMMIT}`;
const PASSED = { code: 0 } as const;

/** The guide's files where they are, and what they hold of placeholders where they are not. */
function manifests(): string {
  const files = ['deployment', 'service', 'ingress'].map((name) => join(REPOSITORY, `k8s/${name}.yaml`));
  if (!files.every((file) => existsSync(file))) {
    return 'kind: Deployment\nimage: DOCKER_REGISTRY/paservices-auth:IMAGE_TAG\n---\nhost: AUTH_DOMAIN_VALUE\n';
  }
  return files.map((file) => readFileSync(file, 'utf8')).join('---\n');
}

interface Cluster {
  /** Revisions, and how many of their pods serve. */
  readonly revisions?: Readonly<Record<number, number>>;
  readonly image?: string;
  /** As they were before, by name. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** Which command fails, and how often before it passes. */
  readonly fails?: (words: string) => boolean;
  /** What comes to be replaced. */
  readonly putBack?: unknown[];
}

function createKubectl({
  revisions = {},
  image = '',
  secrets = {},
  fails = () => false,
  putBack = [],
}: Cluster) {
  const replicaSets = Object.entries(revisions).map(([revision, availableReplicas]) => ({
    metadata: {
      annotations: { 'deployment.kubernetes.io/revision': revision },
      ownerReferences: [{ kind: 'Deployment', name: 'paservices' }],
    },
    status: { availableReplicas },
  }));
  return ({ argv }: Call): Answer => {
    const words = argv.slice(2).join(' ');
    if (fails(words)) return { code: 1, stderr: 'error: it is not to be\n' };
    if (words.startsWith('get replicasets')) return { stdout: JSON.stringify({ items: replicaSets }) };
    if (words.startsWith('get deployment')) return { stdout: image };
    if (words.startsWith('get secret')) {
      const secret = secrets[argv[4] ?? ''];
      return { stdout: secret === undefined ? '' : JSON.stringify(secret) };
    }
    if (words.startsWith('replace')) putBack.push(JSON.parse(readFileSync(argv[4] ?? '', 'utf8')));
    if (words.startsWith('kustomize')) return { stdout: manifests() };
    return PASSED;
  };
}

const SECRET_BEFORE = {
  kind: 'Secret',
  metadata: { name: 'paservices-secrets', resourceVersion: '7', uid: 'u', managedFields: [] },
  data: { SUPABASE_URL: 'YmVmb3Jl' },
};

async function deploy(cluster: Cluster, curl: (call: Call) => Answer = askHealthyService, env = DEPLOYMENT) {
  await using tools = await makeStandIns({ kubectl: createKubectl(cluster), curl });
  const outcome = await tools.run('kubernetes.sh', ['digitalocean'], env);
  for (const { argv } of tools.calls) assert.doesNotMatch(argv.join(' '), TELLTALE);
  assert.doesNotMatch(outcome.stdout + outcome.stderr, TELLTALE);
  const kubectl = tools.calls.filter(({ tool }) => tool === 'kubectl');
  const words = kubectl.map(({ argv }) => argv.slice(2).join(' '));
  /** The commands that change something or wait for it. */
  const deeds = words.filter((each) => !/^(get|logs|kustomize)/.test(each));
  return { ...outcome, calls: tools.calls, kubectl, words, deeds };
}

function decoded(manifest: string): Record<string, string> {
  const { data } = JSON.parse(manifest) as { data: Record<string, string> };
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
  );
}

const APPLY_SECRET = 'apply --server-side --force-conflicts --field-manager=deploy --filename -';
const STATUS = 'rollout status deployment/paservices --timeout=15m';
const WAY_BACK = [
  'rollout undo deployment/paservices --to-revision=4',
  'rollout status deployment/paservices --timeout=12m',
];

describe('a rollout to Kubernetes', () => {
  it('applies secrets, then manifests of this commit, waits, and asks the service', async () => {
    const done = await deploy({ revisions: { 4: 3 }, image: 'paservices/paservices-auth:before' });
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(done.deeds, [APPLY_SECRET, APPLY_SECRET, 'apply --filename -', STATUS]);
    const applied = done.kubectl.filter(({ argv }) => argv[2] === 'apply').map(({ stdin }) => stdin);
    assert.deepEqual(decoded(applied[0] ?? ''), APPLICATION);
    assert.deepEqual(decoded(applied[1] ?? ''), EXTRA);
    assert.ok(applied[2]?.includes(`image: ${IMAGE}`));
    assert.match(applied[2] ?? '', /auth\.example\.com/);
    assert.doesNotMatch(applied[2] ?? '', /DOCKER_REGISTRY|IMAGE_TAG|AUTH_DOMAIN_VALUE/);
    assert.equal(done.calls.at(-1)?.tool, 'curl');
    assert.ok(done.words.includes('kustomize k8s/overlays/digitalocean'));
    assert.match(done.stdout, /4 is the revision that serves now[\s\S]*serves\.\n$/);
  });

  it('starts pods anew when the image is the one that is there, since its secrets may be others', async () => {
    const { deeds } = await deploy({ revisions: { 4: 3 }, image: IMAGE });
    assert.equal(deeds[3], 'rollout restart deployment/paservices');
    assert.equal(deeds[4], STATUS);
  });

  it('comes back to the revision before, secrets and all, when the rollout fails', async () => {
    const putBack: unknown[] = [];
    const done = await deploy({
      revisions: { 4: 3, 5: 0 },
      secrets: { 'paservices-secrets': SECRET_BEFORE },
      fails: (words) => words === STATUS,
      putBack,
    });
    assert.equal(done.code, 1);
    assert.deepEqual(putBack, [
      { kind: 'Secret', metadata: { name: 'paservices-secrets' }, data: SECRET_BEFORE.data },
    ]);
    assert.match(done.deeds[4] ?? '', /^replace --filename /);
    assert.equal(done.deeds[5], 'delete secret paservices-extra --ignore-not-found');
    assert.deepEqual(done.deeds.slice(6), WAY_BACK);
    assert.ok(!done.calls.some(({ tool }) => tool === 'curl'));
    assert.match(done.stderr, /The rollout failed\.[\s\S]*Revision 4 serves again\./);
  });

  it('comes back when the smoke test fails, and ends with 1', async () => {
    const done = await deploy({ revisions: { 3: 0, 4: 2 } }, askDeadService);
    assert.equal(done.code, 1);
    assert.deepEqual(done.deeds.slice(-2), WAY_BACK);
    assert.match(done.stderr, /answered 502[\s\S]*The smoke test failed\.[\s\S]*Revision 4 serves again\./);
  });

  it('comes back when the manifests are refused', async () => {
    const done = await deploy({ revisions: { 4: 3 }, fails: (words) => words === 'apply --filename -' });
    assert.equal(done.code, 1);
    assert.deepEqual(done.deeds.slice(-2), WAY_BACK);
  });

  it('says so when the way back fails too', async () => {
    const done = await deploy({ revisions: { 4: 3 }, fails: (words) => words.startsWith('rollout') });
    assert.equal(done.code, 1);
    assert.match(done.stderr, /THE ROLL-BACK FAILED TOO/);
    assert.doesNotMatch(done.stderr, /serves again/);
  });

  it('has nothing to come back to at the first deployment, and says so', async () => {
    const done = await deploy({ fails: (words) => words === STATUS });
    assert.equal(done.code, 1);
    assert.match(done.stderr, /nothing to roll back to/);
    assert.ok(!done.deeds.some((words) => /^(rollout undo|replace|delete)/.test(words)));
  });

  it('changes nothing when it cannot learn what serves', async () => {
    const done = await deploy({ fails: (words) => words.startsWith('get replicasets') });
    assert.equal(done.code, 1);
    assert.deepEqual(done.deeds, []);
  });

  it('leaves a Secret of further settings alone that it was given nothing for', async () => {
    const done = await deploy(
      { revisions: { 4: 3 }, fails: (words) => words === STATUS },
      askHealthyService,
      {
        ...DEPLOYMENT,
        AUTH_SERVICE_EXTRA_ENV: '' as never,
      },
    );
    assert.equal(done.deeds.filter((words) => words === APPLY_SECRET).length, 1);
    assert.ok(!done.deeds.some((words) => words.includes('paservices-extra')));
  });
});
