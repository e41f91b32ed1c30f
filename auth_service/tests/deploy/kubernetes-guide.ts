import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  GUIDE_KUBERNETES_MANIFESTS,
  GUIDE_KUBERNETES_SECRETS,
  GUIDE_KUBERNETES_VALUES,
} from '../support/guide-kubernetes.ts';
import { type Manifest, parseManifests } from './kubernetes-manifests.ts';
import { createStandIns, paste } from './stand-ins.ts';

/** Takes what is applied, from standard input or a file, and says yes to all else. */
const KUBECTL = `case "$*" in
  'apply -f -') cat >> "$STAND_IN/applied"; echo '---' >> "$STAND_IN/applied" ;;
  'apply -f '*) cat "$3" >> "$STAND_IN/applied"; echo '---' >> "$STAND_IN/applied" ;;
esac`;

export type GuideValues = Readonly<Record<keyof typeof GUIDE_KUBERNETES_VALUES, string>>;

export interface GuideRun {
  readonly values: GuideValues;
  readonly registry?: string;
  readonly tag?: string;
  readonly domain?: string;
}

/** The guide's commands with a deployer's values in the places of its own, as bash runs them. */
export async function applyAsInGuide(t: Pick<TestContext, 'after'>, run: GuideRun): Promise<Manifest[]> {
  const standIns = createStandIns({ kubectl: KUBECTL });
  let commands = GUIDE_KUBERNETES_SECRETS + GUIDE_KUBERNETES_MANIFESTS;
  for (const [name, placeholder] of Object.entries(GUIDE_KUBERNETES_VALUES)) {
    commands = commands.replace(`"${placeholder}"`, () => `"${run.values[name as keyof GuideValues]}"`);
  }
  commands = commands
    .replace('"your-docker-registry"', `"${run.registry ?? 'acme'}"`)
    .replace('"latest"', `"${run.tag ?? 'latest'}"`)
    .replace('"auth.yourdomain.com"', `"${run.domain ?? 'auth.acme.test'}"`);
  const { code, stderr } = await paste(t, commands, standIns.env);
  assert.equal(code, 0, stderr);
  return parseManifests(appliedIn(standIns.folder));
}

/** What the stand-in of kubectl was given, in its order. */
export function appliedIn(folder: string): string {
  const file = join(folder, 'applied');
  return existsSync(file) ? readFileSync(file, 'utf8').replace(/---\n$/, '') : '';
}
