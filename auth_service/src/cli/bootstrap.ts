import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

export function addBootstrap(program: Command, { output, withStorage }: CommandContext): void {
  const bootstrap = program
    .command('bootstrap')
    .description('make the built-in roles, the signing keys and the first administrator, as every start does')
    .action(() =>
      withStorage(async (service) => {
        await service.bootstrap();
        const message =
          'Built-in roles and permissions, the signing keys and the first administrator are in place.';
        output.result({ message }, () => message);
      }),
    );
  withExample(bootstrap, 'auth-service bootstrap');
}
