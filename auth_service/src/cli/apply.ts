import type { Command } from 'commander';
import { type ApplyOptions, type Change, readDocument } from '#declaration';
import { type CommandContext, OPERATOR } from './context.ts';
import { withExample } from './example.ts';
import type { Output } from './output.ts';
import { readText } from './read-text.ts';

const SIGNS: Readonly<Record<Change['verb'], string>> = { create: '+', update: '~', delete: '-' };

export function addApply(program: Command, { output, withService }: CommandContext): void {
  const apply = program
    .command('apply')
    .description('make roles, permissions, grants and clients as a file says, all or nothing')
    .argument('<file>', 'YAML or JSON as export writes it; - for standard input')
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--prune', 'also delete what the file leaves out of the parts it has; built-ins stay')
    .option('--force', 'with --prune: also what somebody still holds')
    .action(async (file: string, options: ApplyOptions) => {
      const declared = readDocument(await readText(file));
      await withService(async ({ declaration }) => {
        const changes = await declaration.apply(OPERATOR, declared, options);
        const { dryRun = false } = options;
        output.result({ dry_run: dryRun, changes: changes.map(changeJson) }, () =>
          describe(changes, dryRun, output),
        );
        if (!dryRun) explainSecrets(changes, output);
      });
    });
  withExample(apply, 'auth-service apply rbac.yaml --dry-run');
}

function describe(changes: readonly Change[], dryRun: boolean, output: Output): string {
  if (changes.length === 0) return 'Everything is as the file says.';
  const count = (verb: Change['verb']) => changes.filter((change) => change.verb === verb).length;
  const will = dryRun ? 'to ' : '';
  const past = (verb: string) => (dryRun ? verb : `${verb}d`);
  const summary = [
    `${count('create')} ${will}${past('create')}`,
    `${count('update')} ${will}${past('update')}`,
    `${count('delete')} ${will}${past('delete')}`,
  ];
  return [...changes.flatMap((change) => linesOf(change, output)), '', `${summary.join(', ')}.`].join('\n');
}

function linesOf({ verb, noun, name, clientId, fields, granted, revoked }: Change, output: Output): string[] {
  const id = clientId === undefined ? '' : ` (${clientId})`;
  const shown = (value: unknown) => (value === null ? 'none' : JSON.stringify(value));
  return [
    output.strong(`${SIGNS[verb]} ${noun} ${noun === 'client' ? JSON.stringify(name) : name}${id}`),
    ...fields
      .filter(({ after }) => verb !== 'create' || after !== null)
      .map(({ field, before, after }) =>
        verb === 'create'
          ? `    ${field}: ${shown(after)}`
          : `    ${field}: ${shown(before)} → ${shown(after)}`,
      ),
    ...granted.map((held) => `    + ${held}`),
    ...revoked.map((held) => `    - ${held}`),
  ];
}

function changeJson({ verb, noun, name, clientId, fields, granted, revoked }: Change) {
  const client = clientId === undefined ? {} : { client_id: clientId };
  return { verb, noun, name, ...client, fields, granted, revoked };
}

/** Secrets belong in no log of a pipeline: they are made by hand, where they are needed. */
function explainSecrets(changes: readonly Change[], output: Output): void {
  for (const { verb, noun, name, clientId } of changes) {
    if (verb !== 'create' || noun !== 'client') continue;
    output.note(
      `Client ${JSON.stringify(name)} has no secret yet. Make one with: auth-service clients add-secret ${clientId}`,
    );
  }
}
