import type { Command } from 'commander';
import { listAll } from './arguments.ts';
import { type CommandContext, OPERATOR } from './context.ts';
import { withExample } from './example.ts';
import { namedThingJson } from './wire.ts';

export function addPermissions(program: Command, context: CommandContext): void {
  const permissions = program.command('permissions').description('what roles can hold');
  withExample(permissions, 'auth-service permissions list');
  addCreate(permissions, context);
  addList(permissions, context);
  addDelete(permissions, context);
}

function addCreate(permissions: Command, { output, withService }: CommandContext): void {
  const create = permissions
    .command('create')
    .description('make a permission')
    .argument('<name>', 'noun:verb, in lower case')
    .option('--description <text>', 'what it allows')
    .action((name: string, options: { description?: string }) =>
      withService(async ({ rbac }) => {
        const permission = await rbac.permissions.create(OPERATOR, { name, ...options });
        output.result(namedThingJson(permission), () => `Created permission ${permission.name}.`);
      }),
    );
  withExample(create, 'auth-service permissions create orders:read --description "Read orders"');
}

function addList(permissions: Command, { output, withService }: CommandContext): void {
  const list = permissions
    .command('list')
    .description('list all permissions')
    .action(() =>
      withService(async ({ rbac }) => {
        const items = await listAll(rbac.permissions.list);
        output.result({ items: items.map(namedThingJson), count: items.length }, () =>
          output.table(
            ['name', 'description'],
            items.map(({ name, description }) => [name, description]),
          ),
        );
      }),
    );
  withExample(list, 'auth-service permissions list');
}

function addDelete(permissions: Command, { output, withService }: CommandContext): void {
  const remove = permissions
    .command('delete')
    .description('delete a permission')
    .argument('<name>', 'its name or id')
    .option('--force', 'also when roles hold it: they lose it')
    .action((name: string, { force = false }: { force?: boolean }) =>
      withService(async ({ rbac }) => {
        const gone = await rbac.permissions.delete(OPERATOR, name, { force });
        const message = `Deleted permission ${gone.name}.`;
        output.result({ message }, () => message);
      }),
    );
  withExample(remove, 'auth-service permissions delete orders:read');
}
