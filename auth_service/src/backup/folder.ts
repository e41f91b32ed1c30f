import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServiceError } from '#errors';

const NAME = /^auth-service-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z\.tar\.gz(?:\.age)?$/;
const UNFINISHED = /^auth-service-\d{8}T\d{6}Z\.tar\.gz(?:\.age)?\.[0-9a-f]{16}\.unfinished$/;
/** No backup takes that long: whoever wrote it was cut off. */
const ABANDONED_MS = 86_400_000;

export interface KeptArchive {
  readonly name: string;
  readonly createdAt: Date;
}

/** @returns as in `auth-service-20300131T093000Z.tar.gz`, with `.age` where it is encrypted. */
export function archiveName(createdAt: Date, isEncrypted: boolean): string {
  const time = createdAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `auth-service-${time}Z.tar.gz${isEncrypted ? '.age' : ''}`;
}

/** Archives of a folder by their names, the newest first. Empty where there is no such folder. */
export async function listArchives(folder: string): Promise<KeptArchive[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const [, ...parts] = NAME.exec(name) ?? [];
      const [year, month, day, hour, minute, second] = parts;
      const createdAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
      return parts.length === 0 || Number.isNaN(createdAt.getTime()) ? [] : [{ name, createdAt }];
    })
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || b.name.localeCompare(a.name));
}

/** Leaves the newest ones; nothing else in the folder is touched, but for what was cut off half-way. @returns what went. */
export async function removeOldArchives(folder: string, keep: number, now: Date): Promise<string[]> {
  const old = (await listArchives(folder)).slice(keep).map(({ name }) => name);
  for (const name of old) await rm(join(folder, name), { force: true });
  for (const name of (await readdir(folder)).filter((each) => UNFINISHED.test(each))) {
    const { mtimeMs } = await stat(join(folder, name));
    if (now.getTime() - mtimeMs > ABANDONED_MS) await rm(join(folder, name), { force: true });
  }
  return old;
}

/**
 * A file that stands under its name only once it is whole and on the disk, readable to its owner alone. Its folder is
 * made where it is missing.
 * @returns its size in bytes, and what `write` gave
 * @throws ServiceError `archive_unwritable`; whatever `write` throws.
 */
export async function writeWhole<T>(path: string, write: Write<T>): Promise<Written<T>> {
  try {
    return await writeBeside(path, write);
  } catch (cause) {
    const code = cause instanceof Error && 'syscall' in cause && 'code' in cause ? String(cause.code) : null;
    if (code === null) throw cause;
    throw new ServiceError('archive_unwritable', `The archive could not be written to ${path} (${code}).`, {
      cause,
    });
  }
}

type Write<T> = (sink: WritableStream<Uint8Array>) => Promise<T>;

interface Written<T> {
  readonly bytes: number;
  readonly result: T;
}

async function writeBeside<T>(path: string, write: Write<T>): Promise<Written<T>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A name of its own: of two at once each finishes what is its own.
  const unfinished = `${path}.${randomBytes(8).toString('hex')}.unfinished`;
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  await using file = await open(unfinished, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    let bytes = 0;
    const result = await write(
      new WritableStream({
        async write(chunk) {
          await file.writeFile(chunk);
          bytes += chunk.length;
        },
      }),
    );
    await file.sync();
    await rename(unfinished, path);
    await using folder = await open(dirname(path));
    await folder.sync();
    return { bytes, result };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
