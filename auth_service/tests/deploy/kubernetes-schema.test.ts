import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FILES,
  KUSTOMIZATIONS,
  kubectlSkipReason,
  kustomize,
  type Manifest,
  parseManifests,
  readManifests,
} from './kubernetes-manifests.ts';
import { schemaFaults } from './kubernetes-schema.ts';

/** Maps, in which every key is as good as another. */
const MAP = /\/(labels|annotations|matchLabels|data|requests|limits)$/;

function isMap({ kind }: Manifest, path: string): boolean {
  return MAP.test(path) || (kind === 'Service' && path === '/spec/selector');
}

function assertValid(manifests: readonly Manifest[]): void {
  assert.ok(manifests.length > 0);
  for (const manifest of manifests) {
    assert.deepEqual(schemaFaults(manifest), [], `${manifest.kind} ${manifest.metadata.name}`);
  }
}

describe('the manifests keep to the API, with no field that it does not know', () => {
  for (const file of FILES) {
    it(file, () => assertValid(readManifests(file)));
  }

  it('secrets.yaml, once its placeholders are base64', () => {
    const [secret, ...more] = readManifests('secrets.yaml');
    assert.ok(secret?.data !== undefined);
    assert.deepEqual(more, []);
    const names = Object.keys(secret.data);
    assert.equal(schemaFaults(secret).length, names.length);
    assertValid([{ ...secret, data: Object.fromEntries(names.map((name) => [name, 'eA=='])) }]);
  });

  for (const folder of KUSTOMIZATIONS) {
    it(`kubectl kustomize ${folder}`, { skip: kubectlSkipReason() }, () => {
      const { text, warnings } = kustomize(folder);
      assert.equal(warnings, '');
      assertValid(parseManifests(text));
    });
  }
});

describe('the check of the manifests', () => {
  const manifests = FILES.flatMap(readManifests);

  it('refuses a field more, wherever it is put', () => {
    for (const manifest of manifests) {
      for (const path of objectPaths(manifest)) {
        if (isMap(manifest, path)) continue;
        const changed = structuredClone(manifest);
        objectAt(changed, path).misspelt = 'x';
        assert.deepEqual(
          schemaFaults(changed),
          [`${path}/misspelt is no field of ${manifest.apiVersion} ${manifest.kind}`],
          path,
        );
      }
    }
  });

  it('refuses a value of another type, a missing field, and a kind that it does not know', () => {
    const [deployment] = readManifests('deployment.yaml');
    assert.ok(deployment !== undefined);
    const changed = structuredClone(deployment);
    changed.spec.template.spec.containers[0].env[2].value = 8000;
    delete changed.spec.selector;
    const faults = schemaFaults(changed).join('\n');
    assert.match(faults, /\/spec\/template\/spec\/containers\/0\/env\/2\/value must be string|breaks type/);
    assert.match(faults, /selector/);
    assert.deepEqual(schemaFaults({ ...deployment, apiVersion: 'apps/v1beta1' }), [
      'apps/v1beta1 Deployment is no kind that is known here',
    ]);
  });
});

type Tree = Record<string, unknown>;

function isObject(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

function objectPaths(value: unknown, path = ''): string[] {
  if (!isObject(value)) return [];
  const inside = Object.entries(value).flatMap(([key, child]) => objectPaths(child, `${path}/${key}`));
  return Array.isArray(value) ? inside : [path, ...inside];
}

function objectAt(root: unknown, path: string): Tree {
  let found = root;
  for (const key of path.split('/').slice(1)) found = isObject(found) ? found[key] : undefined;
  if (!isObject(found)) throw new TypeError(`nothing at ${path}`);
  return found;
}
