import type { Command } from 'commander';
import type { ClientDetails, ClientSecretSummary } from '#oauth';
import type { JsonWebKeySet } from '#storage';
import { uuid, wholeNumber } from './arguments.ts';
import { addCreate } from './clients-create.ts';
import { addAddSecret, addRemoveSecret } from './clients-secrets.ts';
import { type CommandContext, OPERATOR } from './context.ts';
import { withExample } from './example.ts';
import type { Output } from './output.ts';
import { clientDetailsJson, clientJson } from './wire.ts';

export function addClients(program: Command, context: CommandContext): void {
  const clients = program.command('clients').description('machine identities and the roles they hold');
  withExample(clients, 'auth-service clients create --name "Orders service"');
  addCreate(clients, context);
  addList(clients, context);
  addShow(clients, context);
  addDelete(clients, context);
  addGrant(clients, context);
  addRevoke(clients, context);
  addAddSecret(clients, context);
  addRemoveSecret(clients, context);
}

function addList(clients: Command, { output, withService }: CommandContext): void {
  const list = clients
    .command('list')
    .description('list clients')
    .option('--limit <number>', 'how many at most', wholeNumber({ min: 1, max: 200 }), 50)
    .option('--offset <number>', 'how many to pass over', wholeNumber({ min: 0, max: 999_999_999 }), 0)
    .option('--q <text>', 'only those whose name or description contains this')
    .action((page: { limit: number; offset: number; q?: string }) =>
      withService(async ({ oauth }) => {
        const { items, count } = await oauth.clients.list(page);
        output.result(
          {
            clients: items.map((client) => ({ ...clientJson(client), assigned_roles: client.roles })),
            count,
          },
          () =>
            output.table(
              ['client_id', 'client_name', 'active', 'created_at'],
              items.map((client) => [
                client.id,
                client.name,
                client.isActive ? 'yes' : 'no',
                client.createdAt.toISOString(),
              ]),
            ),
        );
        if (items.length < count) output.note(`${items.length} of ${count}; see --limit, --offset and --q.`);
      }),
    );
  withExample(list, 'auth-service clients list --q orders');
}

function addShow(clients: Command, { output, withService }: CommandContext): void {
  const show = clients
    .command('show')
    .description('show a client, its roles, permissions and secrets (never a secret itself)')
    .argument('<id>', 'its client_id', uuid)
    .action((id: string) =>
      withService(async ({ oauth }) => {
        const details = await oauth.clients.show(id);
        const secrets = await oauth.clients.secrets(id);
        output.result(clientDetailsJson(details, secrets), () => describeClient(details, secrets, output));
      }),
    );
  withExample(show, 'auth-service clients show 0198c0de-0000-7000-8000-000000000000');
}

function describeClient(
  { client, roles, permissions }: ClientDetails,
  secrets: readonly ClientSecretSummary[],
  output: Output,
): string {
  const lifetime = client.tokenLifetimeSeconds;
  const fields = output.fields([
    ['client_id', client.id],
    ['client_name', client.name],
    ['description', client.description],
    ['active', client.isActive ? 'yes' : 'no'],
    ['roles', roles.join(' ')],
    ['permissions', permissions.join(' ')],
    ['resources', client.allowedResources.join(' ')],
    ['auth method', client.tokenEndpointAuthMethod ?? 'any'],
    ['refresh tokens', client.refreshTokens ? 'yes' : 'no'],
    ['jwks', client.jwks === null ? null : describeKeys(client.jwks)],
    ['jwks_uri', client.jwksUri],
    ['token lifetime', lifetime === null ? null : `${lifetime} s`],
    ['rate limit', client.rateLimit],
    ['created_at', client.createdAt.toISOString()],
  ]);
  const table = output.table(
    ['secret', 'id', 'algorithm', 'created_at', 'expires_at', 'last_used_at', 'safe_to_remove'],
    secrets.map((secret) => [
      `…${secret.hint}`,
      secret.id,
      secret.algorithm,
      secret.createdAt.toISOString(),
      secret.expiresAt?.toISOString() ?? null,
      secret.lastUsedAt?.toISOString() ?? null,
      secret.isSafeToRemove ? 'yes' : 'no',
    ]),
  );
  return `${fields}\n\n${table}`;
}

/** By their names, where they have any. */
function describeKeys({ keys }: JsonWebKeySet): string {
  return keys.map(({ kid, kty }) => (typeof kid === 'string' ? kid : `a key without kid (${kty})`)).join(' ');
}

function addDelete(clients: Command, { output, withService }: CommandContext): void {
  const remove = clients
    .command('delete')
    .description('delete a client: it gets no more tokens')
    .argument('<id>', 'its client_id', uuid)
    .action((id: string) =>
      withService(async ({ oauth }) => {
        await oauth.clients.delete(OPERATOR, id);
        const message = `Deleted client ${id}.`;
        output.result({ message }, () => message);
      }),
    );
  withExample(remove, 'auth-service clients delete 0198c0de-0000-7000-8000-000000000000');
}

function addGrant(clients: Command, { output, withService }: CommandContext): void {
  const grant = clients
    .command('grant')
    .description('give a client a role')
    .argument('<client>', 'its client_id', uuid)
    .argument('<role>', 'its name or id')
    .action((client: string, role: string) =>
      withService(async ({ rbac }) => {
        const grant = await rbac.grantRoleToClient(OPERATOR, client, role);
        const { changed, holderId, id, name, assignedAt } = grant;
        const message = `Client ${client} ${changed ? 'now holds' : 'already held'} role ${name}.`;
        const link = { client_id: holderId, role_id: id, role: name, assigned_at: assignedAt };
        output.result({ ...link, changed }, () => message);
      }),
    );
  withExample(grant, 'auth-service clients grant 0198c0de-0000-7000-8000-000000000000 orders-reader');
}

function addRevoke(clients: Command, { output, withService }: CommandContext): void {
  const revoke = clients
    .command('revoke')
    .description('take a role from a client')
    .argument('<client>', 'its client_id', uuid)
    .argument('<role>', 'its name or id')
    .action((client: string, role: string) =>
      withService(async ({ rbac }) => {
        const { changed } = await rbac.revokeRoleFromClient(OPERATOR, client, role);
        const message = `Client ${client} ${changed ? 'no longer holds' : 'did not hold'} role ${role}.`;
        output.result({ changed, message }, () => message);
      }),
    );
  withExample(revoke, 'auth-service clients revoke 0198c0de-0000-7000-8000-000000000000 orders-reader');
}
