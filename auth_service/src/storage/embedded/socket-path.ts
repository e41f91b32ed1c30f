import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The name that libpq and pg look for in a folder given as host, for port 5432. */
const SOCKET_NAME = '.s.PGSQL.5432';
/** What fits into sockaddr_un, its closing zero left out. */
const MAX_SOCKET_PATH_BYTES = 107;

/** The folder that holds the socket of this data folder: that one itself, or a short one where its path is too long. */
export function socketFolder(directory: string): string {
  if (Buffer.byteLength(socketIn(directory)) <= MAX_SOCKET_PATH_BYTES) return directory;
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  return join(tmpdir(), `auth-service-${process.getuid?.() ?? 0}-${digest}`);
}

export function socketIn(folder: string): string {
  return join(folder, SOCKET_NAME);
}

/** Makes it a folder for nobody else. Throws when it is a short one that somebody else made first. */
export function claimSocketFolder(directory: string): string {
  const folder = socketFolder(directory);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (isOwn(folder)) chmodSync(folder, 0o700);
  else if (folder !== directory) throw new Error(`${folder} belongs to another user.`);
  return folder;
}

/** Whether what listens for this data folder can be trusted: in a place open to all, anybody could have put it there. */
export function isTrustedSocket(directory: string): boolean {
  const folder = socketFolder(directory);
  return folder === directory || (isOwn(folder) && (lstatSync(folder).mode & 0o077) === 0);
}

function isOwn(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid);
}
