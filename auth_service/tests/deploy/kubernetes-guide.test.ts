import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { REPOSITORY } from '../cli/child-process.ts';
import {
  GUIDE_KUBERNETES_MANIFESTS,
  GUIDE_KUBERNETES_SECRETS,
  GUIDE_KUBERNETES_VALUES,
} from '../support/guide-kubernetes.ts';
import { applyAsInGuide, type GuideValues } from './kubernetes-guide.ts';
import { containersOf, find, K8S, type Manifest, podTemplate } from './kubernetes-manifests.ts';
import { schemaFaults } from './kubernetes-schema.ts';

const VALUES: GuideValues = {
  SUPABASE_URL: 'https://supabase.acme.test',
  // Long and with every letter that base64 has a use for: `sed` must not stumble over the outcome.
  SUPABASE_ANON_KEY: `sb_publishable_${'?>~|&/'.repeat(40)}`,
  SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_&\\1',
  AUTH_SERVICE_DATABASE_URL: 'postgresql+asyncpg://postgres:p%40ss|word@db.acme.test:5432/postgres',
  M2M_JWT_SECRET_KEY: 'Qm9vdHN0cmFwcGVkIGJ5IGEgdGVzdCwgbm90IGZvciB1c2U',
  REDIS_URL: 'rediss://:secret@redis.acme.test:6379/0',
};

const PLACEHOLDERS = [
  ...Object.keys(GUIDE_KUBERNETES_VALUES).map((name) => `${name}_BASE64`),
  'DOCKER_REGISTRY',
  'IMAGE_TAG',
  'AUTH_DOMAIN_VALUE',
];

describe("the guide's commands, as they stand", () => {
  it('apply seven valid manifests, with every placeholder filled', async (t) => {
    const manifests = await applyAsInGuide(t, { values: VALUES, registry: 'ghcr.io/acme', tag: 'a1b2c3' });
    assert.deepEqual(
      manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      [
        'Secret paservices-secrets',
        'Deployment paservices',
        'HorizontalPodAutoscaler paservices',
        'PodDisruptionBudget paservices',
        'Service paservices',
        'ConfigMap paservices-public',
        'Ingress paservices',
      ],
    );
    assert.deepEqual(manifests.flatMap(schemaFaults), []);
    const text = JSON.stringify(manifests);
    for (const placeholder of PLACEHOLDERS) assert.ok(!text.includes(placeholder), placeholder);
  });

  it('bring each value into the secret as it is', async (t) => {
    const { data = {}, type } = find(
      await applyAsInGuide(t, { values: VALUES }),
      'Secret',
      'paservices-secrets',
    );
    const plain = Object.entries(data).map(([name, value]) => [
      name,
      Buffer.from(value, 'base64').toString(),
    ]);
    // What `\\1` is to bash within double quotes.
    assert.deepEqual(Object.fromEntries(plain), { ...VALUES, SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_&\\1' });
    assert.equal(type, 'Opaque');
  });

  it('give every container the same image, of that registry and tag', async (t) => {
    const manifests = await applyAsInGuide(t, { values: VALUES, registry: 'localhost:32000', tag: '9f8e7d' });
    const images = containersOf(find(manifests, 'Deployment')).map(({ image }) => image);
    assert.deepEqual(images, Array(2).fill('localhost:32000/paservices-auth:9f8e7d'));
  });

  it('let the host of the Ingress and PUBLIC_URL follow from the domain', async (t) => {
    const manifests = await applyAsInGuide(t, { values: VALUES, domain: 'login.acme.test' });
    assert.deepEqual(find(manifests, 'ConfigMap', 'paservices-public').data, {
      PUBLIC_URL: 'https://login.acme.test',
    });
    const { spec } = find(manifests, 'Ingress');
    assert.equal(spec.rules[0].host, 'login.acme.test');
    assert.deepEqual(spec.tls[0].hosts, ['login.acme.test']);
  });

  it('may be repeated with another tag: nothing that cannot change differs, and no replica is taken back', async (t) => {
    const first = await applyAsInGuide(t, { values: VALUES, tag: '1' });
    const second = await applyAsInGuide(t, { values: VALUES, tag: '2' });
    const text = JSON.stringify(second).replaceAll('paservices-auth:2', 'paservices-auth:1');
    assert.deepEqual(JSON.parse(text), first);
    const { spec } = find(second, 'Deployment');
    assert.equal(spec.replicas, undefined);
    assert.equal(find(second, 'HorizontalPodAutoscaler').spec.minReplicas, 3);
    // A selector cannot change once it is there, so nothing of a version may be in it.
    assert.deepEqual(spec.selector, { matchLabels: { app: 'paservices' } });
  });

  it('find the service behind the Ingress, and its pods behind the service', async (t) => {
    const manifests = await applyAsInGuide(t, { values: VALUES });
    const backend = find(manifests, 'Ingress').spec.rules[0].http.paths[0].backend.service;
    const service = find(manifests, 'Service', backend.name);
    const [port] = service.spec.ports.filter(({ name }: { name: string }) => name === backend.port.name);
    assert.deepEqual([port.port, port.targetPort], [80, 'http']);
    const deployment = find(manifests, 'Deployment');
    const labels = podTemplate(deployment)?.metadata.labels ?? {};
    for (const selector of [
      service.spec.selector,
      deployment.spec.selector.matchLabels,
      pdbSelector(manifests),
    ]) {
      for (const [name, value] of Object.entries(selector)) assert.equal(labels[name], value);
    }
    const [main] = containersOf(deployment).slice(-1);
    assert.deepEqual(main?.ports, [{ name: 'http', containerPort: 8000 }]);
  });
});

function pdbSelector(manifests: readonly Manifest[]): Record<string, string> {
  return find(manifests, 'PodDisruptionBudget').spec.selector.matchLabels;
}

describe('the placeholders', () => {
  it('stand where they are replaced, and nowhere else', () => {
    const count = (file: string, word: string) =>
      readFileSync(join(K8S, file), 'utf8').split(word).length - 1;
    for (const placeholder of PLACEHOLDERS.filter((word) => word.endsWith('_BASE64'))) {
      assert.equal(count('secrets.yaml', placeholder), 1, placeholder);
    }
    for (const word of ['DOCKER_REGISTRY', 'IMAGE_TAG', 'DOCKER_REGISTRY/paservices-auth:IMAGE_TAG']) {
      assert.equal(count('deployment.yaml', word), 2, word);
    }
    assert.equal(count('ingress.yaml', 'AUTH_DOMAIN_VALUE'), 3);
    for (const placeholder of PLACEHOLDERS) assert.equal(count('service.yaml', placeholder), 0, placeholder);
  });

  it('are none a part of another', () => {
    for (const one of PLACEHOLDERS) {
      const within = PLACEHOLDERS.filter((other) => other !== one && other.includes(one));
      assert.deepEqual(within, [], one);
    }
  });
});

it("docs/deploy/kubernetes.md shows the guide's commands unchanged", () => {
  const text = readFileSync(join(REPOSITORY, 'docs/deploy/kubernetes.md'), 'utf8');
  assert.ok(text.includes(GUIDE_KUBERNETES_SECRETS));
  assert.ok(text.includes(GUIDE_KUBERNETES_MANIFESTS));
});
