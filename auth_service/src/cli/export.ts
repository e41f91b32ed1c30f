import type { Command } from 'commander';
import { renderDocument } from '#declaration';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

export function addExport(program: Command, { io, output, withService }: CommandContext): void {
  const exported = program
    .command('export')
    .description('print roles, permissions, grants and clients as a file for apply; no secrets')
    .action(() =>
      withService(async ({ declaration }) => {
        const document = renderDocument(await declaration.export(), output.json ? 'json' : 'yaml');
        io.stdout.write(document);
      }),
    );
  withExample(exported, 'auth-service export > rbac.yaml');
}
