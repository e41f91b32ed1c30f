import { ClusterIssuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Pod } from 'kubernetes-models/v1/Pod';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import type { Manifest } from './kubernetes-manifests.ts';

/** Compiled from the API's own description. What is not here, we have no manifest of. */
const KINDS = [
  ClusterIssuer,
  ConfigMap,
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
];

/**
 * What the API server would say of it with `--validate=strict`: wrong values, missing fields, and fields that the kind
 * does not have. For those the schemas have no rule, but a validator asks for each field that it knows: a field that was
 * never asked for is unknown.
 */
export function schemaFaults(manifest: Manifest): string[] {
  const kind = `${manifest.apiVersion} ${manifest.kind}`;
  const known = KINDS.find((each) => each.apiVersion === manifest.apiVersion && each.kind === manifest.kind);
  if (known === undefined) return [`${kind} is no kind that is known here`];
  const asked = new Set<string>();
  const wrong = valueFaults(known.prototype.validate, watched(manifest, '', asked));
  const unknown = pathsIn(manifest).filter((path) => !asked.has(path));
  return [...wrong, ...unknown.map((path) => `${path} is no field of ${kind}`)];
}

interface ValidationError extends Error {
  readonly errors: readonly { readonly instancePath: string; readonly message?: string }[];
}

/** A model's own check takes the model for `this`. */
function valueFaults(validate: () => void, manifest: Manifest): string[] {
  try {
    validate.call(manifest);
    return [];
  } catch (error) {
    if (!(error instanceof Error) || !('errors' in error)) throw error;
    return (error as ValidationError).errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
  }
}

function watched<T>(value: T, path: string, asked: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const child = `${path}/${String(key)}`;
      if (Object.hasOwn(target, key)) asked.add(child);
      return watched(Reflect.get(target, key), child, asked);
    },
    // Of a map of anything, such as labels, all keys are asked for at once.
    ownKeys(target) {
      for (const key of Reflect.ownKeys(target)) asked.add(`${path}/${String(key)}`);
      return Reflect.ownKeys(target);
    },
  });
}

function pathsIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    `${path}/${key}`,
    ...pathsIn(child, `${path}/${key}`),
  ]);
}
