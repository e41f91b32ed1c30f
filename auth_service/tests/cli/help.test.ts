import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from './command-line.ts';

const SNAPSHOT = join(import.meta.dirname, 'help.txt');

const NOUNS: Readonly<Record<string, readonly string[]>> = {
  serve: [],
  healthcheck: [],
  migrate: ['up', 'status'],
  bootstrap: [],
  config: ['check', 'print'],
  permissions: ['create', 'list', 'delete'],
  roles: ['create', 'list', 'delete', 'grant', 'revoke'],
  clients: ['create', 'list', 'show', 'delete', 'grant', 'revoke', 'add-secret', 'remove-secret'],
  apply: [],
  export: [],
  'supabase-keys': [],
  doctor: ['supabase'],
};

const COMMANDS: readonly (readonly string[])[] = [
  [],
  ...Object.entries(NOUNS).flatMap(([noun, verbs]) => [[noun], ...verbs.map((verb) => [noun, verb])]),
];

async function helpOf(command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run([...command, '--help'], { ENVIRONMENT: 'nonsense' });
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

describe('--help', () => {
  it('gives every command one example of itself', async () => {
    for (const command of COMMANDS) {
      const examples = [...(await helpOf(command)).matchAll(/^ {2}\$ .*auth-service (.+)$/gm)];
      assert.equal(examples.length, 1, command.join(' '));
      assert.ok(examples[0]?.[1]?.startsWith(command.join(' ')), command.join(' '));
    }
  });

  it('reads as agreed (to agree anew: UPDATE_SNAPSHOTS=1)', async () => {
    const texts = await Promise.all(
      COMMANDS.map(
        async (command) => `### ${['auth-service', ...command].join(' ')}\n\n${await helpOf(command)}`,
      ),
    );
    const whole = texts.join('\n');
    if (process.env.UPDATE_SNAPSHOTS === '1') writeFileSync(SNAPSHOT, whole);
    assert.equal(whole, readFileSync(SNAPSHOT, 'utf8'));
  });
});
