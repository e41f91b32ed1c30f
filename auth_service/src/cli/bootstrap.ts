import type { Command } from 'commander';
import type { Service } from '#compose';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

export function addBootstrap(program: Command, { output, withStorage }: CommandContext): void {
  const bootstrap = program
    .command('bootstrap')
    .description(
      'make the built-in roles, the signing keys and the administrator of INITIAL_ADMIN_*, as every start does',
    )
    .action(() =>
      withStorage(async (service) => {
        const hasAdministrator = await service.bootstrap();
        const message = `Built-in roles and permissions and the signing keys are in place. ${describe(service, hasAdministrator)}`;
        output.result({ message, has_administrator: hasAdministrator }, () => message);
      }),
    );
  withExample(bootstrap, 'auth-service bootstrap');
}

function describe({ people }: Pick<Service, 'people'>, hasAdministrator: boolean): string {
  if (hasAdministrator) return 'There is an administrator.';
  if (people === null) return 'This version makes no administrator where Supabase keeps the accounts.';
  return 'There is no administrator yet: set INITIAL_ADMIN_EMAIL and INITIAL_ADMIN_PASSWORD, and run this again.';
}
