import type { Command } from 'commander';
import type { MigrationStatus } from '#storage';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';
import type { Output } from './output.ts';

export function addMigrate(program: Command, context: CommandContext): void {
  const migrate = program.command('migrate').description("the database's schema");
  withExample(migrate, 'auth-service migrate up');
  addUp(migrate, context);
  addStatus(migrate, context);
}

function addUp(migrate: Command, { output, withStorage }: CommandContext): void {
  const up = migrate
    .command('up')
    .description('bring the schema up to this version; only ever forward')
    .action(() =>
      withStorage(async ({ storage }) => {
        const { applied, status } = await storage.migrations.up();
        output.result({ applied, ...statusJson(status) }, () =>
          applied.length === 0
            ? `Nothing to do: the schema is at version ${status.database}.`
            : `Applied ${applied.join(', ')}: the schema is at version ${status.database}.`,
        );
      }),
    );
  withExample(up, 'auth-service migrate up');
}

function addStatus(migrate: Command, { output, withStorage }: CommandContext): void {
  const status = migrate
    .command('status')
    .description('show what is applied and what waits')
    .action(() =>
      withStorage(async ({ storage }) => {
        const found = await storage.migrations.status();
        output.result(statusJson(found), () => describeStatus(found, output));
      }),
    );
  withExample(status, 'auth-service migrate status');
}

function statusJson({ state, database, expected, migrations }: MigrationStatus) {
  return {
    state,
    database_version: database,
    expected_version: expected,
    migrations: migrations.map(({ version, name, appliedAt }) => ({ version, name, applied_at: appliedAt })),
  };
}

const STATES: Readonly<Record<MigrationStatus['state'], string>> = {
  current: 'The schema is current.',
  behind: 'The schema is behind this version. Bring it up to date with: auth-service migrate up',
  ahead: 'The schema is newer than this version, and this version can run on it.',
  incompatible: 'The schema is newer than this version, and this version cannot run on it.',
  altered: 'A migration that was applied differs from the file of this version.',
};

function describeStatus({ state, migrations }: MigrationStatus, output: Output): string {
  const table = output.table(
    ['version', 'name', 'applied_at', 'state'],
    migrations.map(({ version, name, appliedAt }) => [
      String(version).padStart(4, '0'),
      name,
      appliedAt?.toISOString() ?? null,
      appliedAt === null ? 'waits' : 'applied',
    ]),
  );
  return `${table}\n\n${STATES[state]}`;
}
