import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VARIABLES } from '#config';
import {
  type Container,
  containersOf,
  FILES,
  find,
  KUSTOMIZATIONS,
  kubectlSkipReason,
  kustomize,
  type Manifest,
  OVERLAYS,
  parseManifests,
  podTemplate,
  readManifests,
} from './kubernetes-manifests.ts';

const skip = kubectlSkipReason();
const SOURCES: readonly (readonly [name: string, read: () => Manifest[], skip: string | false])[] = [
  ...FILES.map((file) => [file, () => readManifests(file), false] as const),
  ...KUSTOMIZATIONS.map((folder) => [folder, () => parseManifests(kustomize(folder).text), skip] as const),
];

/** https://kubernetes.io/docs/concepts/security/pod-security-standards, restricted; and what we ask for beyond it. */
describe('every pod keeps to the restricted profile, and writes to its volumes alone', () => {
  for (const [name, read, skipped] of SOURCES) {
    it(name, { skip: skipped }, () => {
      for (const manifest of read()) {
        const pod = podTemplate(manifest)?.spec;
        if (pod === undefined) continue;
        assertRestrictedPod(pod);
        for (const container of containersOf(manifest)) assertRestrictedContainer(container);
      }
    });
  }
});

// biome-ignore lint/suspicious/noExplicitAny: the schemas check it
function assertRestrictedPod(pod: any): void {
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace']) {
    assert.equal(pod[field], undefined, field);
  }
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.ok(pod.securityContext.runAsUser > 0);
  assert.deepEqual(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' });
  assert.equal(pod.securityContext.sysctls, undefined);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.enableServiceLinks, false);
  for (const volume of pod.volumes ?? []) {
    const [kind] = Object.keys(volume).filter((key) => key !== 'name');
    assert.ok(['emptyDir', 'persistentVolumeClaim'].includes(kind ?? ''), `${volume.name}: ${kind}`);
    if (kind === 'emptyDir') assert.ok(volume.emptyDir.sizeLimit !== undefined, volume.name);
  }
}

function assertRestrictedContainer({ name, securityContext, resources, ports = [] }: Container): void {
  assert.deepEqual(
    securityContext,
    { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    name,
  );
  for (const port of ports) assert.equal(port.hostPort, undefined, name);
  assert.ok(resources.requests.cpu && resources.requests.memory && resources.limits.memory, name);
}

describe('the environment that the manifests give', () => {
  const known = new Set(VARIABLES.flatMap(({ name, aliases = [] }) => [name, ...aliases]));

  it('has no name that the product does not know', () => {
    const [secret] = readManifests('secrets.yaml');
    const given = [...SOURCES.flatMap(([, read, skipped]) => (skipped === false ? read() : []))]
      .flatMap(containersOf)
      .filter(({ image }) => image.includes('paservices-auth'))
      .flatMap(({ env = [] }) => env.map(({ name }) => name));
    assert.ok(given.length > 0);
    for (const name of [...given, ...Object.keys(secret?.data ?? {})]) assert.ok(known.has(name), name);
  });

  it('is that of the service for the migration before it too', () => {
    const [migrate, serve] = containersOf(find(readManifests('deployment.yaml'), 'Deployment'));
    assert.deepEqual([migrate?.env, migrate?.envFrom], [serve?.env, serve?.envFrom]);
    assert.equal(migrate?.image, serve?.image);
    assert.deepEqual(migrate?.command, ['auth-service', 'migrate', 'up']);
    assert.deepEqual(serve?.command, ['auth-service', 'serve']);
  });
});

describe('a rollout', () => {
  for (const [name, read, skipped] of SOURCES.filter(([each]) =>
    /deployment|overlays\/[a-z0-9]+$/.test(each),
  )) {
    it(`takes no pod away before another is ready, and lets each finish: ${name}`, { skip: skipped }, () => {
      const manifests = read();
      const { spec } = find(manifests, 'Deployment');
      assert.deepEqual(spec.strategy, {
        type: 'RollingUpdate',
        rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
      });
      const pod = spec.template.spec;
      const [serve] = pod.containers;
      const { startupProbe, readinessProbe, livenessProbe } = serve;
      assert.equal(readinessProbe.httpGet.path, '/health/ready');
      for (const probe of [startupProbe, livenessProbe]) assert.equal(probe.httpGet.path, '/health/live');

      const wait = Number(serve.lifecycle?.preStop.exec.command[1] ?? 0);
      // auth_service/src/cli/stop-signal.ts: so long after SIGTERM it ends, whatever is left to do.
      assert.ok(pod.terminationGracePeriodSeconds >= wait + 25 + 5);
      assert.ok(Number(settingOf(serve, 'SHUTDOWN_DELAY_SECONDS')) >= 3 * readinessProbe.periodSeconds);
      const { minReplicas, maxReplicas } = find(manifests, 'HorizontalPodAutoscaler').spec;
      assert.equal(minReplicas, Number(settingOf(serve, 'REPLICAS')));
      assert.ok((maxReplicas + 1) * Number(settingOf(serve, 'DB_POOL_MAX')) <= 50);
      assert.equal(find(manifests, 'PodDisruptionBudget').spec.maxUnavailable, 1);
    });
  }
});

function settingOf({ env = [] }: Container, name: string): string | undefined {
  return env.find((each) => each.name === name)?.value;
}

describe('an overlay', () => {
  const classes = { eks: 'alb', digitalocean: 'traefik', microk8s: 'public' } as const;
  for (const overlay of OVERLAYS) {
    it(`${overlay} has its ingress class, and lets only what stands in front of the pods in`, {
      skip,
    }, () => {
      const manifests = parseManifests(kustomize(`overlays/${overlay}`).text);
      const { spec, metadata } = find(manifests, 'Ingress');
      assert.equal(spec.ingressClassName, classes[overlay]);
      const byCertManager = overlay !== 'eks';
      assert.equal('cert-manager.io/cluster-issuer' in (metadata.annotations ?? {}), byCertManager);
      assert.equal(spec.tls[0].secretName, byCertManager ? 'paservices-tls' : undefined);
      const policy = find(manifests, 'NetworkPolicy').spec;
      assert.deepEqual(policy.policyTypes, ['Ingress', 'Egress']);
      assert.ok(policy.ingress.every(({ from }: { from?: unknown[] }) => (from?.length ?? 0) > 0));
      const [serve] = containersOf(find(manifests, 'Deployment')).slice(-1);
      assert.ok(serve !== undefined);
      assert.equal(settingOf(serve, 'TRUSTED_PROXIES'), '1');
    });
  }

  it('names its issuer as the Ingress does', () => {
    const [, ingress] = readManifests('ingress.yaml');
    for (const overlay of ['digitalocean', 'microk8s'] as const) {
      const [issuer] = readManifests(`overlays/${overlay}/cluster-issuer.yaml`);
      assert.equal(issuer?.metadata.name, ingress?.metadata.annotations?.['cert-manager.io/cluster-issuer']);
      assert.equal(issuer?.spec.acme.solvers[0].http01.ingress.ingressClassName, classes[overlay]);
    }
  });

  it('sends no caller to a pod that backs up or restores', { skip }, () => {
    const backup = parseManifests(kustomize('backup').text);
    const byHand = ['backup/browse.yaml', 'backup/restore-job.yaml'].flatMap(readManifests);
    for (const manifest of [...backup, ...byHand]) {
      assert.notEqual(podTemplate(manifest)?.metadata.labels.app, 'paservices');
    }
  });
});
