import { open } from 'node:fs/promises';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { sha256 } from '#crypto';
import { isServiceError, ServiceError } from '#errors';
import { decrypt, isEncrypted } from './encryption.ts';
import { type ArchiveFile, MANIFEST_NAME, type Manifest, readManifest, SEAL_NAME } from './manifest.ts';

const BEGINNING_BYTES = 64;
/** Of entries before the manifest is known; one is a single row at most, as it was in a database's memory. */
const ENTRY_BYTES_MAX = 1_000_000_000;

export interface CheckedArchive {
  readonly manifest: Manifest;
  readonly isEncrypted: boolean;
  readonly manifestBytes: Buffer;
  readonly seal: string;
}

interface Entry {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Reads it from end to end: every entry is there, in its place, and is what the manifest says.
 * @throws ServiceError `archive_damaged`, `archive_locked`, `not_found`.
 */
export async function checkArchive(file: string, passphrase: string | null): Promise<CheckedArchive> {
  const seen: Pick<ArchiveFile, 'name' | 'sha256'>[] = [];
  let manifestBytes: Buffer | null = null;
  let seal: string | null = null;
  const archive = await openArchive(file, passphrase);
  for await (const { name, bytes } of archive.entries()) {
    if (seal !== null) throw damaged('it goes on after its end');
    if (name === SEAL_NAME) seal = bytes.toString().trim();
    else if (manifestBytes !== null) throw damaged('it goes on after its manifest');
    else if (name === MANIFEST_NAME) manifestBytes = bytes;
    else seen.push({ name, sha256: sha256(bytes).toString('hex') });
  }
  if (manifestBytes === null || seal === null) throw damaged('it ends before its manifest');
  const manifest = readManifest(manifestBytes);
  if (manifest === null) throw damaged('its manifest cannot be read');
  const { files } = manifest;
  const isWhole =
    files.length === seen.length &&
    files.every((each, at) => each.name === seen[at]?.name && each.sha256 === seen[at]?.sha256);
  if (!isWhole) throw damaged('its contents are not what its manifest says');
  return { manifest, manifestBytes, seal, isEncrypted: archive.isEncrypted };
}

/** Rows of an archive that was checked; read once more, and still the same. @throws as `checkArchive` does. */
export async function* readRows(
  file: string,
  passphrase: string | null,
  { manifest: { files }, manifestBytes }: CheckedArchive,
): AsyncGenerator<{ readonly table: string; readonly rows: readonly string[] }> {
  const changed = () => damaged('it changed while it was read');
  let at = 0;
  for await (const { name, bytes } of (await openArchive(file, passphrase)).entries()) {
    const expected = files[at];
    if (expected === undefined) {
      if (name === MANIFEST_NAME && !bytes.equals(manifestBytes)) throw changed();
      continue;
    }
    at += 1;
    if (name !== expected.name || sha256(bytes).toString('hex') !== expected.sha256) throw changed();
    const rows = bytes.toString().split('\n').slice(0, -1);
    if (rows.length !== expected.rows) throw damaged('it has other rows than its manifest says');
    yield { table: expected.table, rows };
  }
  if (at < files.length) throw changed();
}

async function openArchive(path: string, passphrase: string | null) {
  const beginning = await readBeginning(path);
  const encrypted = isEncrypted(beginning);

  async function* entries(): AsyncGenerator<Entry> {
    await using handle = await open(path);
    try {
      const bytes: ReadableStream<Uint8Array> = handle.readableWebStream();
      const plain = encrypted ? await decrypt(bytes, passphrase) : bytes;
      const tar = plain
        .pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>)
        .pipeThrough(createTarDecoder({ strict: true }));
      for await (const entry of tar) yield await readEntry(entry);
    } catch (error) {
      throw isServiceError(error) ? error : damaged(reasonOf(error), error);
    }
  }

  return { isEncrypted: encrypted, entries };
}

async function readBeginning(path: string): Promise<Buffer> {
  try {
    await using handle = await open(path);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new ServiceError('not_found', `The archive ${path} cannot be read (${code}).`, { cause });
  }
}

async function readEntry({ header, body }: ParsedTarEntry): Promise<Entry> {
  if (header.size > ENTRY_BYTES_MAX) throw damaged('an entry is too large');
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { name: header.name, bytes: Buffer.concat(chunks) };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}

function damaged(reason: string, cause?: unknown): ServiceError {
  return new ServiceError(
    'archive_damaged',
    `This is no whole archive of a backup: ${reason}. Nothing was changed. Take another archive.`,
    { cause },
  );
}
