import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { archiveJson, countsOf } from './archive-json.ts';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

interface RestoreOptions {
  readonly force?: boolean;
  readonly newKeys?: boolean;
  readonly supabaseAuth: boolean;
  readonly dryRun?: boolean;
  readonly drill?: boolean;
}

export function addRestore(program: Command, context: CommandContext): void {
  const restore = program
    .command('restore')
    .argument('<file>', 'an archive of auth-service backup')
    .description('put an archive in the place of all that is there; every server has to be stopped')
    .option('--force', 'replace what is there')
    .option(
      '--new-keys',
      'the ENCRYPTION_KEY of the archive is lost: trust the file, and make new signing keys',
    )
    .option('--no-supabase-auth', 'leave out the accounts of Supabase Auth that the archive has')
    .option('--dry-run', 'check the file and say what would be done')
    .option('--drill', 'prove the archive: restore it into a throw-away database, and open its keys')
    .action((file: string, options: RestoreOptions) => runRestore(context, resolve(file), options));
  withExample(restore, 'auth-service restore /backups/auth-service-20300131T093000Z.tar.gz');
}

function runRestore(context: CommandContext, file: string, options: RestoreOptions): Promise<void> {
  if (options.drill === true) return drill(context, file, options);
  if (options.dryRun === true) return tryDry(context, file, options);
  return context.withStorageAlone(async ({ backups }) => {
    const { newKeys = false, force = false } = options;
    const summary = await backups.restore(file, {
      newKeys,
      force,
      withoutSupabaseAuth: !options.supabaseAuth,
    });
    context.output.result(toJson(file, summary, summary.restored), () =>
      [
        `Restored ${file}, of ${summary.createdAt.toISOString()}.`,
        tableOf(context, summary.restored),
        'Every token and log-in until now has ended: everybody logs in again. What was changed since the backup is undone, bans and removed rights included.',
        'Start the service.',
      ].join('\n'),
    );
  });
}

async function tryDry(
  context: CommandContext,
  file: string,
  { newKeys = false }: RestoreOptions,
): Promise<void> {
  await context.withStorage(async ({ backups, storage }) => {
    const summary = await backups.inspect(file, { newKeys });
    const there = await storage.archive.count();
    const json = { ...toJson(file, summary, countsOf(summary)), in_the_way: Object.fromEntries(there) };
    context.output.result(json, () =>
      [
        `${file} is whole. It is of ${summary.createdAt.toISOString()}, by version ${summary.productVersion}, schema ${summary.schemaVersion}.`,
        tableOf(context, countsOf(summary)),
        there.size === 0
          ? 'The database is empty: it would be restored into.'
          : `The database has rows that would be replaced, with --force alone:\n${tableOf(context, there)}`,
        'Nothing was changed.',
      ].join('\n'),
    );
  });
}

/** Beside a running server: nothing of it is touched, and nobody hears of it. */
async function drill(
  context: CommandContext,
  file: string,
  { newKeys = false }: RestoreOptions,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'auth-service-drill-'));
  const database = { kind: 'embedded', directory: join(folder, 'database') } as const;
  try {
    await context.withStorageAlone(
      async ({ backups, keys, people }) => {
        const summary = await backups.restore(file, { newKeys, withoutSupabaseAuth: true });
        await keys.load();
        await people.load();
        context.output.result(toJson(file, summary, summary.restored), () =>
          [
            `${file} can be restored: it was, into a throw-away database, and its signing keys opened.`,
            tableOf(context, summary.restored),
          ].join('\n'),
        );
      },
      { ...context.loadConfig(), database, redis: null },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toJson(...[file, summary, rows]: Parameters<typeof archiveJson>) {
  return { ...archiveJson(file, summary, rows), product_version: summary.productVersion };
}

function tableOf({ output }: CommandContext, rows: ReadonlyMap<string, number>): string {
  return output.table(
    ['table', 'rows'],
    [...rows].map(([name, count]) => [name, String(count)]),
  );
}
