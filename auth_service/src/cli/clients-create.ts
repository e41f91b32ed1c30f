import type { Command } from 'commander';
import type { Config } from '#config';
import type { CreatedClient, NewClientInput } from '#oauth';
import { collect, uuid, wholeNumber } from './arguments.ts';
import { type CommandContext, OPERATOR } from './context.ts';
import { withExample } from './example.ts';
import type { Output } from './output.ts';
import { clientJson } from './wire.ts';

interface CreateOptions {
  readonly name: string;
  readonly description?: string;
  readonly role?: readonly string[];
  readonly id?: string;
  readonly resource?: readonly string[];
  readonly tokenLifetime?: number;
  readonly secretHash?: string;
}

export function addCreate(clients: Command, { output, withService }: CommandContext): void {
  const create = clients
    .command('create')
    .description('make a client; its secret is shown this once')
    .requiredOption('--name <name>', 'what people call it, 3 to 100 characters')
    .option('--description <text>', 'what it is for')
    .option('--role <role>', 'a role it holds from the start; may be repeated', collect)
    .option('--id <uuid>', 'a client that moves here keeps its client_id', uuid)
    .option('--resource <uri>', 'a resource it may ask tokens for; may be repeated', collect)
    .option('--token-lifetime <seconds>', 'how long its tokens live', wholeNumber({ min: 1, max: 86_400 }))
    .option('--secret-hash <bcrypt>', 'the bcrypt hash of a secret that moves here; no new secret is made')
    .action((options: CreateOptions) =>
      withService(async ({ oauth, config }) => {
        const created = await oauth.clients.create(OPERATOR, inputOf(options));
        const { client, roles, permissions, secret } = created;
        const { client_id, ...rest } = clientJson(client);
        output.result({ client_id, client_secret: secret, ...rest, assigned_roles: roles, permissions }, () =>
          output.fields([
            ['client_id', client.id],
            ...(secret === null ? [] : [['client_secret', secret] as const]),
            ['client_name', client.name],
            ['roles', roles.join(' ')],
          ]),
        );
        explain(created, config, output);
      }),
    );
  withExample(create, 'auth-service clients create --name "Orders service" --role orders-reader');
}

function inputOf(options: CreateOptions): NewClientInput {
  const { name, description, role, id, resource, tokenLifetime, secretHash } = options;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(role === undefined ? {} : { roles: role }),
    ...(id === undefined ? {} : { id }),
    ...(resource === undefined ? {} : { allowedResources: resource }),
    ...(tokenLifetime === undefined ? {} : { tokenLifetimeSeconds: tokenLifetime }),
    ...(secretHash === undefined ? {} : { importedSecretHash: secretHash }),
  };
}

function explain({ client, secret }: CreatedClient, { isProduction, server }: Config, output: Output): void {
  if (secret === null) {
    output.note('\nIt goes on with the secret it has.');
    return;
  }
  output.note('\nThe secret is shown this once and cannot be read again: store it now.');
  // In production a line with the secret in it would end up in a shell's history.
  if (!output.isTerminal || isProduction || server.publicUrl === null) return;
  output.note(
    `Get a token:\n  curl -u ${client.id}:${secret} -d grant_type=client_credentials ` +
      `${server.publicUrl}${server.rootPath}/auth/token`,
  );
}
