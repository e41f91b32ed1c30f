import type { Command } from 'commander';
import { uuid, wholeNumber } from './arguments.ts';
import { type CommandContext, OPERATOR } from './context.ts';
import { withExample } from './example.ts';
import { secretJson } from './wire.ts';

export function addAddSecret(clients: Command, { output, withService }: CommandContext): void {
  const add = clients
    .command('add-secret')
    .description('give a client another secret, shown this once; two can be good at a time')
    .argument('<id>', 'its client_id', uuid)
    .option(
      '--expires-previous-in <seconds>',
      'when the secret before this one ends; left out, it stays until it is removed',
      wholeNumber({ min: 0, max: 7_776_000 }),
    )
    .action((id: string, options: { expiresPreviousIn?: number }) =>
      withService(async ({ oauth }) => {
        const made = await oauth.clients.addSecret(OPERATOR, id, {
          expiresPreviousInSeconds: options.expiresPreviousIn,
        });
        output.result({ client_id: id, ...secretJson(made), client_secret: made.text }, () =>
          output.fields([
            ['client_id', id],
            ['secret_id', made.id],
            ['client_secret', made.text],
          ]),
        );
        output.note('\nThe secret is shown this once and cannot be read again: store it now.');
      }),
    );
  withExample(
    add,
    'auth-service clients add-secret 0198c0de-0000-7000-8000-000000000000 --expires-previous-in 86400',
  );
}

export function addRemoveSecret(clients: Command, { output, withService }: CommandContext): void {
  const remove = clients
    .command('remove-secret')
    .description('remove a secret of a client; clients show says which is safe to remove')
    .argument('<id>', 'its client_id', uuid)
    .argument('<secret-id>', 'the id of the secret', uuid)
    .option('--force', 'also the only one with which it can get tokens')
    .action((id: string, secretId: string, { force = false }: { force?: boolean }) =>
      withService(async ({ oauth }) => {
        await oauth.clients.removeSecret(OPERATOR, id, secretId, { force });
        const message = `Removed secret ${secretId} of client ${id}.`;
        output.result({ message }, () => message);
      }),
    );
  withExample(
    remove,
    'auth-service clients remove-secret 0198c0de-0000-7000-8000-000000000000 0198c0de-0000-7000-8000-000000000001',
  );
}
