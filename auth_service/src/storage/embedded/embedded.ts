import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { createConnection } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '#errors';
import type { Logger } from '#observability';
import type { Engine } from '../engine/engine.ts';
import type { OnStatement } from '../engine/observed-dialect.ts';
import { COMMAND_NAME, openPooled } from '../engine/postgres.ts';
import { type FolderLock, takeFolderLock } from './folder-lock.ts';
import { isTrustedSocket, socketFolder, socketIn } from './socket-path.ts';

export interface EmbeddedOptions {
  readonly directory: string;
  readonly mode: 'serve' | 'command' | 'alone';
  readonly logger: Logger;
  readonly onStatement: OnStatement | undefined;
}

/** A holder without a socket is a command at work or a server on its way up or down: worth waiting for. */
const LOCK_WAIT_MS = 20_000;
const LOCK_RETRY_MS = 50;
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 60_000;

export async function openEmbedded(options: EmbeddedOptions): Promise<Engine> {
  const directory = settle(options.directory);
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const lock = takeFolderLock(directory);
    if (lock !== null) return await openInProcess({ ...options, directory }, lock);
    if (await isServed(directory)) {
      if (options.mode !== 'command') throw locked(directory);
      return await openThroughSocket({ ...options, directory });
    }
    if (performance.now() > deadline) throw locked(directory);
    await sleep(LOCK_RETRY_MS);
  }
}

/** One name for one folder, by whatever links one comes to it: the lock goes by the name. */
function settle(given: string): string {
  const directory = resolve(given);
  mkdirSync(dirname(directory), { recursive: true, mode: 0o700 });
  return existsSync(directory)
    ? realpathSync(directory)
    : join(realpathSync(dirname(directory)), basename(directory));
}

async function openInProcess(options: EmbeddedOptions, lock: FolderLock): Promise<Engine> {
  try {
    // Loads PGlite, which a command beside a running server has no need of.
    const { openOwnDatabase } = await import('./own-database.ts');
    return await openOwnDatabase(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openThroughSocket({ directory, logger, onStatement }: EmbeddedOptions): Promise<Engine> {
  const host = encodeURIComponent(socketFolder(directory));
  const settings = {
    url: `postgresql:///postgres?user=postgres&host=${host}`,
    applicationName: COMMAND_NAME,
    max: 1,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    idleTimeoutMs: STATEMENT_TIMEOUT_MS,
  };
  const { db, close } = await openPooled(settings, logger, onStatement);
  return {
    kind: 'embedded',
    db,
    checkTimeoutMs: CONNECT_TIMEOUT_MS,
    withSchemaDatabase: (work) => work(db),
    close,
  };
}

/** Whether a server answers there. A socket that somebody else could have made is none. */
async function isServed(directory: string): Promise<boolean> {
  if (!isTrustedSocket(directory)) return false;
  return await new Promise((answer) => {
    const socket = createConnection(socketIn(socketFolder(directory)));
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
    socket.once('connect', () => socket.destroy());
  });
}

function locked(directory: string): ServiceError {
  return new ServiceError(
    'data_folder_locked',
    `Another process uses the database in ${directory}. Stop it, or set DATA_DIR to a folder of its own.`,
  );
}
