import type { Command } from 'commander';
import type { Config } from '#config';
import { ServiceError } from '#errors';
import type { CreatedClient, NewClientInput, TokenEndpointAuthMethod } from '#oauth';
import { collect, uuid, wholeNumber } from './arguments.ts';
import { type CommandContext, OPERATOR } from './context.ts';
import { withExample } from './example.ts';
import type { Output } from './output.ts';
import { readText } from './read-text.ts';
import { clientJson } from './wire.ts';

interface CreateOptions {
  readonly name: string;
  readonly description?: string;
  readonly role?: readonly string[];
  readonly id?: string;
  readonly resource?: readonly string[];
  readonly tokenLifetime?: number;
  readonly refreshTokens?: boolean;
  /** Judged with the client. */
  readonly authMethod?: TokenEndpointAuthMethod;
  readonly jwks?: string;
  readonly jwksUri?: string;
  readonly rateLimit?: string;
  readonly secretHash?: string;
}

const METHODS = 'client_secret_basic, client_secret_post or private_key_jwt';

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
    .option('--rate-limit <rate>', 'a limit of its own, such as 600/minute, or off')
    .option('--refresh-tokens', 'its tokens come with refresh tokens')
    .option('--auth-method <method>', `the one way it proves who it is, left out any: ${METHODS}`)
    .option('--jwks <file>', 'its public keys, a JSON Web Key Set; - for standard input')
    .option('--jwks-uri <url>', 'where its public keys are, in place of --jwks')
    .option('--secret-hash <bcrypt>', 'the bcrypt hash of a secret that moves here; no new secret is made')
    .action(async (options: CreateOptions) => {
      const input = await inputOf(options);
      await withService(async ({ oauth, config }) => {
        const created = await oauth.clients.create(OPERATOR, input);
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
      });
    });
  withExample(create, 'auth-service clients create --name "Orders service" --role orders-reader');
}

/** @throws ServiceError `validation_failed`, for a file of keys that cannot be read. */
async function inputOf(options: CreateOptions): Promise<NewClientInput> {
  const { name, description, role, id, resource, tokenLifetime, secretHash } = options;
  const { rateLimit, refreshTokens, authMethod, jwks, jwksUri } = options;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(role === undefined ? {} : { roles: role }),
    ...(id === undefined ? {} : { id }),
    ...(resource === undefined ? {} : { allowedResources: resource }),
    ...(tokenLifetime === undefined ? {} : { tokenLifetimeSeconds: tokenLifetime }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(refreshTokens === undefined ? {} : { refreshTokens }),
    ...(authMethod === undefined ? {} : { tokenEndpointAuthMethod: authMethod }),
    ...(jwks === undefined ? {} : { jwks: await readKeys(jwks) }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(secretHash === undefined ? {} : { importedSecretHash: secretHash }),
  };
}

/** Whether it is a set of usable keys is judged with the client. */
async function readKeys(file: string): Promise<NonNullable<NewClientInput['jwks']>> {
  const text = await readText(file);
  try {
    const keys: unknown = JSON.parse(text);
    if (typeof keys === 'object' && keys !== null) return keys as NonNullable<NewClientInput['jwks']>;
  } catch {
    // Said below.
  }
  throw new ServiceError('validation_failed', `The file "${file}" holds no JSON Web Key Set.`);
}

function explain({ client, secret }: CreatedClient, { isProduction, server }: Config, output: Output): void {
  if (secret === null) {
    const hasKeysAlone = client.tokenEndpointAuthMethod === 'private_key_jwt';
    output.note(
      hasKeysAlone
        ? '\nIt has no secret: it proves who it is with its own key.'
        : '\nIt goes on with the secret it has.',
    );
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
