import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { REPOSITORY } from '../cli/child-process.ts';

export const K8S = join(REPOSITORY, 'k8s');
export const OVERLAYS = ['eks', 'digitalocean', 'microk8s'] as const;
/** What kubectl builds: the overlays, and the parts that are applied beside any of them. */
export const KUSTOMIZATIONS = [...OVERLAYS.map((name) => `overlays/${name}`), 'redis', 'backup'] as const;
/** Applied as they are, or after a `sed`. */
export const FILES = [
  'deployment.yaml',
  'service.yaml',
  'ingress.yaml',
  'base/networkpolicy.yaml',
  'backup/browse.yaml',
  'backup/restore-job.yaml',
  'overlays/digitalocean/cluster-issuer.yaml',
  'overlays/microk8s/cluster-issuer.yaml',
] as const;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own, which the schemas check
  readonly spec?: any;
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    // As JSON, as kubectl sends it: what an alias stands for is there as often as it is named.
    return JSON.parse(JSON.stringify(document.toJS())) as Manifest;
  });
}

export function readManifests(file: string): Manifest[] {
  return parseManifests(readFileSync(join(K8S, file), 'utf8'));
}

/** Overlays need the kustomize of kubectl 1.21 or newer. */
const OLDEST_MINOR = 21;

/** For `skip`: why overlays cannot be built here. In CI, where nothing may be skipped, that is a failure. */
export function kubectlSkipReason(): string | false {
  const { status, stdout } = spawnSync('kubectl', ['version', '--client', '--output=json'], {
    encoding: 'utf8',
  });
  const minor = status === 0 ? Number.parseInt(JSON.parse(stdout).clientVersion.minor, 10) : null;
  if (minor !== null && minor >= OLDEST_MINOR) return false;
  return minor === null ? 'kubectl is not there' : `kubectl 1.${minor} is older than 1.${OLDEST_MINOR}`;
}

export interface Built {
  readonly text: string;
  readonly warnings: string;
}

/** What `kubectl kustomize` makes of a folder below k8s/. */
export function kustomize(folder: string): Built {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', join(K8S, folder)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${folder} cannot be built: ${stderr}`);
  return { text: stdout, warnings: stderr };
}

/** The one of this kind and name; throws where there is none. */
export function find(manifests: readonly Manifest[], kind: string, name = 'paservices'): Manifest {
  const found = manifests.filter((each) => each.kind === kind && each.metadata.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`);
  return only;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: the schemas check it
  readonly spec: any;
}

/** The pods that it is or makes, if any. */
export function podTemplate({ kind, metadata, spec }: Manifest): PodTemplate | null {
  if (kind === 'Pod') return { metadata: { labels: metadata.labels ?? {} }, spec };
  return spec?.jobTemplate?.spec.template ?? spec?.template ?? null;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly configMapKeyRef?: { readonly name: string; readonly key: string };
      readonly secretKeyRef?: { readonly name: string; readonly key: string };
    };
  }[];
  readonly envFrom?: readonly {
    readonly secretRef: { readonly name: string; readonly optional?: boolean };
  }[];
  // biome-ignore lint/suspicious/noExplicitAny: the schemas check it
  readonly [field: string]: any;
}

/** Those that run before come first. */
export function containersOf(manifest: Manifest): Container[] {
  const pod = podTemplate(manifest)?.spec;
  return pod === undefined ? [] : [...(pod.initContainers ?? []), ...pod.containers];
}
