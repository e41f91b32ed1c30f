import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Service } from '#compose';
import { ServiceError } from '#errors';
import { archiveJson, countsOf } from './archive-json.ts';
import { duration, wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

interface BackupOptions {
  readonly to?: string;
  readonly output?: string;
  readonly keep?: number;
  /** Milliseconds. */
  readonly every?: number;
  readonly audit: boolean;
  readonly withSupabaseAuth?: boolean;
}

type Summary = Awaited<ReturnType<Service['backups']['create']>>;

/** What `--output` means by the standard output. */
const STDOUT = '-';

export function addBackup(program: Command, context: CommandContext): void {
  const backup = program
    .command('backup')
    .description('write everything that is ours into one archive, beside a running server')
    .option('--to <folder>', 'where the archive goes, named by its time (default: the current folder)')
    .option('--output <file>', 'the archive itself; - for the standard output')
    .option(
      '--keep <number>',
      'then remove all but the newest ones of --to',
      wholeNumber({ min: 1, max: 9999 }),
    )
    .option(
      '--every <time>',
      'go on, with one each 24h (or 30m, 7d); due at once when the newest of --to is older',
      duration,
    )
    .option('--no-audit', 'leave out who did what')
    .option(
      '--with-supabase-auth',
      'also the accounts of Supabase Auth, from the schema auth of this database',
    )
    .action((options: BackupOptions) => runBackup(context, options));
  withExample(backup, 'auth-service backup --to /backups --keep 14');
}

async function runBackup(context: CommandContext, options: BackupOptions): Promise<void> {
  const { to, output, keep, every } = options;
  if (output !== undefined && (to ?? keep ?? every) !== undefined) {
    throw new InvalidArgumentError('--output is a single archive: it goes without --to, --keep and --every.');
  }
  if (output === STDOUT) return await backUpToStdout(context, options);
  if (output !== undefined) return await backUpToFile(context, resolve(output), options);
  const folder = resolve(to ?? '.');
  if (every === undefined) return await backUpToFolder(context, folder, options);
  await repeat(context, folder, every, () => backUpToFolder(context, folder, options));
}

async function backUpToStdout(context: CommandContext, options: BackupOptions): Promise<void> {
  if (context.io.isTerminal) {
    throw new InvalidArgumentError(
      'An archive is nothing to read: send it into a file or a program with > or |.',
    );
  }
  await context.withStorage(async ({ backups }) => {
    const summary = await backups
      .create(Writable.toWeb(process.stdout), choiceOf(options))
      .catch((cause: unknown) => {
        if (!(cause instanceof Error && 'code' in cause && cause.code === 'EPIPE')) throw cause;
        const why = 'What reads the standard output ended before the archive did (EPIPE): it is not whole.';
        throw new ServiceError('archive_unwritable', why, { cause });
      });
    context.output.note(describe(summary, 'the standard output', null));
  });
}

async function backUpToFolder(
  context: CommandContext,
  folder: string,
  options: BackupOptions,
): Promise<void> {
  const { archiveName, removeOldArchives } = await import('#backup');
  const isEncrypted = context.loadConfig().backup.passphrase !== null;
  await backUpToFile(context, join(folder, archiveName(new Date(), isEncrypted)), options);
  if (options.keep === undefined) return;
  const removed = await removeOldArchives(folder, options.keep, new Date());
  if (removed.length > 0) context.output.note(`Removed ${removed.join(', ')}: ${options.keep} are kept.`);
}

async function backUpToFile(context: CommandContext, path: string, options: BackupOptions): Promise<void> {
  const { writeWhole } = await import('#backup');
  await context.withStorage(async ({ backups }) => {
    const { bytes, result } = await writeWhole(path, (sink) => backups.create(sink, choiceOf(options)));
    context.output.result({ bytes, ...archiveJson(path, result, countsOf(result)) }, () =>
      describe(result, path, bytes),
    );
  });
}

function choiceOf({ audit, withSupabaseAuth = false }: BackupOptions) {
  return { withAudit: audit, withSupabaseAuth };
}

function describe({ tables, isEncrypted, leftOut }: Summary, place: string, bytes: number | null): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const size = bytes === null ? '' : `, ${bytes} bytes`;
  const open = 'Not encrypted: it holds password hashes and e-mail addresses. Set BACKUP_PASSPHRASE.';
  return [
    `Wrote ${place}: ${rows} rows of ${tables.length} tables${size}.`,
    ...(isEncrypted ? [] : [open]),
    'Left out:',
    ...leftOut.map((sentence) => `- ${sentence}`),
    `Prove it with: auth-service restore ${place === STDOUT ? 'FILE' : place} --drill`,
  ].join('\n');
}

/**
 * Until SIGTERM or Ctrl-C. A backup that fails ends the command, so that whatever runs it sees it and starts it again.
 */
async function repeat(
  { output }: CommandContext,
  folder: string,
  everyMs: number,
  backUp: () => Promise<void>,
): Promise<void> {
  const { listArchives } = await import('#backup');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  while (!stop.signal.aborted) {
    // One of the future, as of a clock that was wrong, puts nothing off.
    const newest = (await listArchives(folder)).find(({ createdAt }) => createdAt.getTime() <= Date.now());
    const dueMs = newest === undefined ? 0 : newest.createdAt.getTime() + everyMs - Date.now();
    if (dueMs > 0) {
      output.note(`The next backup is due at ${new Date(Date.now() + dueMs).toISOString()}.`);
      await pause(dueMs, stop.signal);
    } else {
      await backUp();
    }
  }
}

/** Timers reach 24 days. */
const LONGEST_PAUSE_MS = 86_400_000;

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(milliseconds, LONGEST_PAUSE_MS), undefined, { signal }).catch(() => undefined);
}
