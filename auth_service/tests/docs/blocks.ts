import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../cli/child-process.ts';

export interface Block {
  /** From the root of the repository. */
  readonly document: string;
  readonly line: number;
  readonly language: 'sh' | 'bash' | 'sql';
  readonly text: string;
}

export const DOCUMENTS: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...globSync('docs/**/*.md', { cwd: REPOSITORY }).sort(),
];

/** Every block of commands of a page, without the indentation of a list. */
export function blocksOf(document: string): Block[] {
  const page = readFileSync(join(REPOSITORY, document), 'utf8');
  return [...page.matchAll(/^( *)```(sh|bash|sql)\n([\s\S]*?)^ *```$/gm)].map((found) => {
    const [, indentation = '', language, body = ''] = found;
    return {
      document,
      line: page.slice(0, found.index).split('\n').length,
      language: language as Block['language'],
      text: body.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
    };
  });
}

/** Programs that speak to a cluster, a cloud, another machine, or somebody else's repository. */
const FAR_AWAY =
  /(?:^|[\s|&;(])(?:sudo\s+)?(?:kubectl|kustomize|helm|microk8s|snap|aws|eksctl|doctl|gh|ssh|scp|git clone)\s|scripts\/(?:setup_microk8s|deploy\/)/m;
const DOCKER = /(?:^|[\s|&;(])docker(?:-compose)?\s/m;

export type Kind = 'far away' | 'docker' | 'here';

export function kindOf({ text }: Block): Kind {
  if (FAR_AWAY.test(text)) return 'far away';
  return DOCKER.test(text) ? 'docker' : 'here';
}
