import { globSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES as VARIABLES_OF_CONFIG } from '#config';
import { BIN, REPOSITORY } from '../cli/child-process.ts';
import { temporaryDirectory } from '../support/run-directory.ts';

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

/** Each line a variable with its value, as in a file for the environment. */
const VARIABLES = /^(?:[A-Z0-9_]+=.*\n)+$/;

export function isKnownVariable(name: string): boolean {
  return VARIABLES_OF_CONFIG.some((each) => each.name === name || each.aliases.includes(name));
}

/** A folder for the PATH with the command that the pages name. */
export function folderOfPrograms(): string {
  const folder = join(temporaryDirectory('programs'), 'bin');
  mkdirSync(folder);
  symlinkSync(BIN, join(folder, 'auth-service'));
  return folder;
}

/** Programs that speak to a cluster, a cloud, another machine, or somebody else's repository. */
const FAR_AWAY =
  /(?:^|[\s|&;(])(?:sudo\s+)?(?:kubectl|kustomize|helm|microk8s|snap|aws|eksctl|doctl|gh|ssh|scp|ufw|git clone|git push)\s|scripts\/(?:setup_microk8s|deploy\/)|your_domain\.com/m;
const DOCKER = /(?:^|[\s|&;(])docker(?:-compose)?\s/m;

export type Kind = 'variables' | 'far away' | 'docker' | 'here';

export function kindOf({ text }: Block): Kind {
  if (VARIABLES.test(text)) return 'variables';
  if (FAR_AWAY.test(text)) return 'far away';
  return DOCKER.test(text) ? 'docker' : 'here';
}
