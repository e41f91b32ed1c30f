import { DatabaseSync } from 'node:sqlite';

export interface FolderLock {
  release(): void;
}

/**
 * An exclusive lock beside the data folder. It is SQLite's own lock on an empty file, thus one of the operating system
 * (fcntl): the kernel drops it with the process, however that ends, so that nothing is left to clean up and no process
 * id can be mistaken for another. Node gives no lock of its own.
 * @returns null when another process, or another opener in this one, holds it.
 */
export function takeFolderLock(directory: string): FolderLock | null {
  const database = new DatabaseSync(`${directory}.lock`, { timeout: 0 });
  try {
    database.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return {
    release: () => {
      if (database.isOpen) database.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
