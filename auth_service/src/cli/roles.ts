import type { Command } from 'commander';
import type { Service } from '#compose';
import type { Role } from '#storage';
import { listAll } from './arguments.ts';
import { type CommandContext, OPERATOR } from './context.ts';
import { withExample } from './example.ts';
import { namedThingJson } from './wire.ts';

export function addRoles(program: Command, context: CommandContext): void {
  const roles = program.command('roles').description('roles and the permissions they hold');
  withExample(roles, 'auth-service roles list');
  addCreate(roles, context);
  addList(roles, context);
  addDelete(roles, context);
  addGrant(roles, context);
  addRevoke(roles, context);
}

function addCreate(roles: Command, { output, withService }: CommandContext): void {
  const create = roles
    .command('create')
    .description('make a role')
    .argument('<name>', 'in lower case')
    .option('--description <text>', 'what it is for')
    .action((name: string, options: { description?: string }) =>
      withService(async ({ rbac }) => {
        const role = await rbac.roles.create(OPERATOR, { name, ...options });
        output.result(namedThingJson(role), () => `Created role ${role.name}.`);
      }),
    );
  withExample(create, 'auth-service roles create orders-reader --description "May read orders"');
}

function addList(roles: Command, { output, withService }: CommandContext): void {
  const list = roles
    .command('list')
    .description('list all roles with their permissions')
    .action(() =>
      withService(async (service) => {
        const items: RoleWithPermissions[] = [];
        for (const role of await listAll(service.rbac.roles.list)) {
          items.push(await withPermissions(service, role));
        }
        output.result({ items, count: items.length }, () =>
          output.table(
            ['name', 'permissions', 'description'],
            items.map(({ name, permissions, description }) => [name, permissions.join(' '), description]),
          ),
        );
      }),
    );
  withExample(list, 'auth-service roles list');
}

type RoleWithPermissions = Awaited<ReturnType<typeof withPermissions>>;

async function withPermissions({ storage }: Service, role: Role) {
  const held = await storage.rolePermissions.list(role.id);
  return { ...namedThingJson(role), permissions: held.map(({ name }) => name) };
}

function addDelete(roles: Command, { output, withService }: CommandContext): void {
  const remove = roles
    .command('delete')
    .description('delete a role')
    .argument('<name>', 'its name or id')
    .option('--force', 'also when clients hold it: they lose it')
    .action((name: string, { force = false }: { force?: boolean }) =>
      withService(async ({ rbac }) => {
        const gone = await rbac.roles.delete(OPERATOR, name, { force });
        const message = `Deleted role ${gone.name}.`;
        output.result({ message }, () => message);
      }),
    );
  withExample(remove, 'auth-service roles delete orders-reader');
}

function addGrant(roles: Command, { output, withService }: CommandContext): void {
  const grant = roles
    .command('grant')
    .description('give a role a permission')
    .argument('<role>', 'its name or id')
    .argument('<permission>', 'its name or id')
    .action((role: string, permission: string) =>
      withService(async ({ rbac }) => {
        const { changed } = await rbac.grantPermission(OPERATOR, role, permission);
        const message = `Role ${role} ${changed ? 'now holds' : 'already held'} permission ${permission}.`;
        output.result({ role, permission, changed, message }, () => message);
      }),
    );
  withExample(grant, 'auth-service roles grant orders-reader orders:read');
}

function addRevoke(roles: Command, { output, withService }: CommandContext): void {
  const revoke = roles
    .command('revoke')
    .description('take a permission from a role')
    .argument('<role>', 'its name or id')
    .argument('<permission>', 'its name or id')
    .action((role: string, permission: string) =>
      withService(async ({ rbac }) => {
        const { changed } = await rbac.revokePermission(OPERATOR, role, permission);
        const message = `Role ${role} ${changed ? 'no longer holds' : 'did not hold'} permission ${permission}.`;
        output.result({ role, permission, changed, message }, () => message);
      }),
    );
  withExample(revoke, 'auth-service roles revoke orders-reader orders:read');
}
