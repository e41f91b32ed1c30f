import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { run } from '../cli/command-line.ts';
import { type Block, blocksOf, DOCUMENTS, isKnownVariable, kindOf } from './blocks.ts';

/** Pages whose blocks are run from top to bottom, and the test that does. */
const RUN: Readonly<Record<string, string>> = {
  'README.md': 'tests/demo/readme.test.ts',
  'docs/operations.md': 'tests/docs/operations.test.ts',
  'docs/deploy/compose.md': 'tests/docs/compose.test.ts',
  'docs/deploy/kubernetes.md': 'tests/deploy/kubernetes-docs.test.ts',
};
/** Its SQL is run in tests/storage/supabase-policies.test.ts and tests/identity, the other page's with its commands. */
const SQL_IS_RUN = ['docs/supabase.md', 'docs/operations.md'];

const blocks = DOCUMENTS.flatMap(blocksOf);
const placeOf = ({ document, line }: Block) => `${document}:${line}`;
const isLinted = (block: Block) =>
  block.language !== 'sql' &&
  !(block.document in RUN && kindOf(block) === 'here') &&
  kindOf(block) !== 'variables';

function lint(command: string, argv: readonly string[], text: string): string {
  const { status, stdout, stderr } = spawnSync(command, argv, { input: text, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}

/** Words and options after each `auth-service`, up to the end of its command. */
function commandLines(text: string): string[][] {
  const joined = text.replaceAll('\\\n', ' ');
  return [...joined.matchAll(/(?<![\w./-])auth-service(?! -- )((?: [^\n|;&<>)'"`]+)?)/g)].map(
    ([, rest = '']) => rest.trim().split(/\s+/).filter(Boolean),
  );
}

describe('the command blocks of the documentation', () => {
  it('are run, or name a cluster, a cloud or a host of the reader, and are counted', () => {
    const left = blocks.filter(
      (block) =>
        (block.language === 'sql' && !SQL_IS_RUN.includes(block.document)) ||
        (block.language !== 'sql' && kindOf(block) === 'here' && !(block.document in RUN)),
    );
    assert.deepEqual(left.map(placeOf), [], 'neither run nor naming what is far away');
    const linted = blocks.filter(isLinted).length;
    const played = blocks.filter((block) => block.document in RUN && isLinted(block)).length;
    process.stdout.write(
      `${blocks.length} blocks: ${blocks.length - linted} are run or checked against the product, ${played} with a stand-in for Docker or a cluster, ${linted - played} are linted alone\n`,
    );
  });

  const noShellcheck =
    spawnSync('shellcheck', ['--version']).status === 0 ? false : 'shellcheck is not there';
  it('that cannot be run here are at least shell', { skip: noShellcheck }, () => {
    for (const block of blocks.filter(isLinted)) {
      const faults =
        lint('bash', ['-n'], block.text) +
        // What one block sets, another one uses; and a change of folder is the reader's.
        lint(
          'shellcheck',
          ['--shell=bash', '--severity=warning', '--exclude=SC2034,SC2154,SC2164,SC2088', '-'],
          block.text,
        );
      assert.equal(faults, '', placeOf(block));
    }
  });

  it('name commands and options that the command line has', async () => {
    let count = 0;
    for (const block of blocks.filter(({ language }) => language !== 'sql')) {
      for (const words of commandLines(block.text)) {
        const options = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '');
        const [noun = '', verb = ''] = words.filter((word) => !word.startsWith('-'));
        const ofNoun = await run(noun === '' ? ['--help'] : [noun, '--help']);
        const hasVerbs = noun !== '' && ofNoun.stdout.includes('\nCommands:');
        const help = hasVerbs ? await run([noun, verb, '--help']) : ofNoun;
        const usage = ['Usage: auth-service', noun, hasVerbs ? verb : ''].filter(Boolean).join(' ');
        assert.ok(help.stdout.startsWith(usage), `${placeOf(block)}: auth-service ${words.join(' ')}`);
        for (const option of options) assert.ok(help.stdout.includes(option), `${placeOf(block)}: ${option}`);
        count += 1;
      }
    }
    assert.ok(count > 20, `${count}`);
  });

  it('that list variables name those of the service', () => {
    const names = blocks
      .filter((block) => kindOf(block) === 'variables')
      .flatMap(({ text }) => [...text.matchAll(/^([A-Z0-9_]+)=/gm)].map(([, name = '']) => name));
    assert.ok(names.length > 10);
    assert.deepEqual(
      names.filter((name) => !isKnownVariable(name)),
      [],
    );
  });
});
