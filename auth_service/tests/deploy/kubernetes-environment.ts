import { type Container, find, type Manifest } from './kubernetes-manifests.ts';

/**
 * What the kubelet would put into the container's environment out of these manifests: of two sources the later one wins,
 * and `env` over both. Throws for a source that is missing and not optional, as a pod then waits.
 */
export function environmentOf(
  { env = [], envFrom = [] }: Container,
  manifests: readonly Manifest[],
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { secretRef } of envFrom) {
    if (secretRef.optional && !manifests.some(({ metadata }) => metadata.name === secretRef.name)) continue;
    for (const [name, value] of Object.entries(find(manifests, 'Secret', secretRef.name).data ?? {})) {
      environment[name] = decoded(value);
    }
  }
  for (const { name, value, valueFrom } of env) {
    if (value !== undefined) environment[name] = value;
    const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
    if (configMapKeyRef !== undefined) {
      environment[name] = valueIn(find(manifests, 'ConfigMap', configMapKeyRef.name), configMapKeyRef.key);
    } else if (secretKeyRef !== undefined) {
      environment[name] = decoded(valueIn(find(manifests, 'Secret', secretKeyRef.name), secretKeyRef.key));
    }
  }
  return environment;
}

function valueIn({ data, metadata }: Manifest, key: string): string {
  const value = data?.[key];
  if (value === undefined) throw new Error(`${metadata.name} has no ${key}`);
  return value;
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

/** A Secret as `kubectl create secret generic` makes it. */
export function secretOf(name: string, values: Readonly<Record<string, string>>): Manifest {
  const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    type: 'Opaque',
    data: Object.fromEntries(data),
  };
}
