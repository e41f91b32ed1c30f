import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';

type OpenFolder = (directory: string) => Promise<PGlite>;

/**
 * The database in this folder, made first where there is none. A new one is built beside it and renamed when it is
 * whole and on the disk, so that a start that is cut short leaves no half of a database behind.
 */
export async function openDataFolder(directory: string, open: OpenFolder): Promise<PGlite> {
  if (!existsSync(join(directory, 'PG_VERSION'))) await create(directory, open);
  return await open(directory);
}

async function create(directory: string, open: OpenFolder): Promise<void> {
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  await (await open(unfinished)).close();
  syncTree(unfinished);
  // Only ever an empty folder: one with a database in it was found above. Anything else makes the rename fail.
  renameSync(unfinished, directory);
  syncPath(dirname(directory));
}

function syncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else syncPath(path);
  }
  syncPath(directory);
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
