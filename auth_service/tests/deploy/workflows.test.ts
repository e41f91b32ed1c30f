import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { breachesOf, readWorkflow, type Step } from './workflow-rules.ts';
import { REPOSITORY } from './workflow-stand-ins.ts';

const FILES = globSync('.github/workflows/*.{yml,yaml}', { cwd: REPOSITORY }).sort();
const read = (file: string) => readFileSync(join(REPOSITORY, file), 'utf8');
const DEPLOY = readWorkflow(read('.github/workflows/deploy.yml'));
const NO_SHELLCHECK =
  spawnSync('shellcheck', ['--version']).error === undefined
    ? false
    : 'there is no shellcheck (apt-get install shellcheck)';

function stepsOf(file: string): readonly Step[] {
  return Object.values(readWorkflow(read(file)).jobs).flatMap(({ steps = [] }) => steps);
}

/** The variables that a script of scripts/deploy is given by the workflow. */
function givenTo(script: string): string[] {
  const steps = Object.values(DEPLOY.jobs).flatMap(({ steps = [] }) => steps);
  const step = steps.find(({ run = '' }) => run.startsWith(`scripts/deploy/${script}`));
  return Object.keys(step?.env ?? {});
}

describe('the workflows', () => {
  it('pin, ask for little, end by themselves, and keep what others write out of commands', () => {
    assert.deepEqual(FILES, ['.github/workflows/ci.yml', '.github/workflows/deploy.yml']);
    for (const file of FILES) assert.deepEqual(breachesOf(read(file)), [], file);
  });

  it('are found out in each kind of breach', () => {
    const job = (body: string) => `on: {push: }\npermissions: {contents: read}\njobs:\n  one:\n${body}`;
    const step = (line: string) => job(`    timeout-minutes: 1\n    steps:\n      - ${line}\n`);
    const expression = (inside: string) => `\${{ ${inside} }}`;
    const cases: readonly (readonly [text: string, breach: RegExp])[] = [
      ['on: {pull_request_target: }\njobs: {}\n', /whoever makes it run/],
      [step('uses: actions/setup-node@v6'), /not pinned/],
      [step(`uses: actions/setup-node@${'a'.repeat(40)}`), /not pinned/],
      [step(`uses: actions/checkout@${'a'.repeat(40)} # v6.0.2`), /leaves its token/],
      [step(`run: echo "${expression('github.event.head_commit.message')}"`), /into a command/],
      [step(`run: login ${expression('secrets.TOKEN')}`), /into a command/],
      [step('run: ssh -o StrictHostKeyChecking=no host'), /not done/],
      [step('run: docker login --password "$X"'), /not done/],
      [job('    steps: []\n'), /for ever/],
      ['on: {push: }\njobs:\n  one:\n    timeout-minutes: 1\n', /what it may/],
      [job('    timeout-minutes: 1\n    permissions: {contents: write}\n'), /may write contents/],
      [job('    timeout-minutes: 1\n    permissions: write-all\n'), /what it may/],
      [job(`    uses: ./x.yml\n    secrets: inherit\n`), /every secret/],
    ];
    for (const [text, breach] of cases) assert.match(breachesOf(text).join('\n'), breach, text);
  });

  it('say nothing in a shell that shellcheck would not', { skip: NO_SHELLCHECK }, () => {
    for (const file of FILES) {
      for (const { run } of stepsOf(file)) {
        if (run === undefined) continue;
        const input = run.replaceAll(/\$\{\{.*?\}\}/g, 'expression');
        const { stdout, status } = spawnSync('shellcheck', ['--shell=bash', '--exclude=SC2050', '-'], {
          input,
        });
        assert.equal(status, 0, `${file}\n${run}\n${stdout}`);
      }
    }
  });
});

describe('the workflow of a deployment', () => {
  it('looks at a commit message in conditions alone: nothing that stands in one is ever a command', () => {
    const text = read('.github/workflows/deploy.yml').replaceAll(/^\s*#.*$/gm, '');
    const mentions = text.split('\n').filter((line) => /head_commit|\.message/.test(line));
    assert.equal(mentions.length, 2);
    for (const line of mentions) {
      assert.match(line, /contains\(github\.event\.head_commit\.message, '\[deploy\]'\)/);
      assert.match(line, /^\s*(if: |\$\{\{ )/);
    }
    assert.match(JSON.stringify(DEPLOY.jobs.plan), /"if":"[^"]*\[deploy\]/);
  });

  it('asks for what is missing first, then tests this commit, then makes the image, then rolls out', () => {
    const needs = Object.entries(DEPLOY.jobs).map(([name, job]) => [
      name,
      (job as { needs?: unknown }).needs,
    ]);
    assert.deepEqual(Object.fromEntries(needs), {
      plan: undefined,
      requirements: 'plan',
      ci: 'requirements',
      image: 'ci',
      kubernetes: ['plan', 'image'],
      compose: ['plan', 'image'],
    });
    assert.equal(DEPLOY.jobs.ci?.uses, './.github/workflows/ci.yml');
    assert.deepEqual(DEPLOY.permissions, {});
    assert.equal(DEPLOY.concurrency?.['cancel-in-progress'], false);
  });

  it('hands a secret to no job outside of the environment but those of Docker Hub', () => {
    for (const [name, job] of Object.entries(DEPLOY.jobs)) {
      if (job.environment !== undefined) continue;
      const secrets = [...JSON.stringify(job).matchAll(/secrets\.(\w+)/g)].map(([, secret]) => secret);
      for (const secret of secrets) assert.match(secret ?? '', /^DOCKERHUB_/, name);
    }
    const mayProveItself = Object.entries(DEPLOY.jobs).filter(([, { permissions }]) =>
      JSON.stringify(permissions ?? {}).includes('id-token'),
    );
    assert.deepEqual(
      mayProveItself.map(([name]) => name),
      ['kubernetes'],
    );
  });

  it('has looked for everything that a later step is given, and given everything that it looked for', () => {
    const later = ['image.sh', 'cluster.sh', 'kubernetes.sh', 'compose.sh'].flatMap(givenTo);
    const checked = [...givenTo('requirements.sh'), 'DOCKERHUB_USERNAME', 'DOCKERHUB_TOKEN'];
    const beside = ['IMAGE_TAG', 'SOURCE', 'PROVIDER', 'TARGET', 'MISSING'];
    const known = (names: readonly string[]) =>
      [...new Set(names)]
        .filter((name) => !beside.includes(name) && !/^AWS_(ROLE|ACCESS|SECRET)/.test(name))
        .sort();
    assert.deepEqual(known(later), known(checked));
  });

  it('knows its settings by the names of its page, all of which are there', () => {
    const page = read('docs/deploy/github-actions.md');
    const used = [...read('.github/workflows/deploy.yml').matchAll(/\b(?:secrets|vars)\.(\w+)/g)];
    for (const name of new Set(used.map(([, each]) => each))) assert.ok(page.includes(`| \`${name}\``), name);
  });
});
