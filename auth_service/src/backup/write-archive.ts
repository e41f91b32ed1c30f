import { createTarPacker } from 'modern-tar';
import { sha256 } from '#crypto';
import type { ArchivedTable, Snapshot } from '#storage';
import { encrypt } from './encryption.ts';
import { type ArchiveFile, MANIFEST_NAME, type Manifest, SEAL_NAME } from './manifest.ts';

/** Of one entry, so that it fits into memory wherever it is read. A single row may be larger. */
const ENTRY_CHARACTERS = 2_000_000;

export interface WriteOptions {
  readonly passphrase: string | null;
  /** What goes before what is found while writing. */
  readonly about: Omit<Manifest, 'tables' | 'files' | 'encryption_keys'>;
  readonly seal: (manifest: Buffer) => string;
  readonly createdAt: Date;
}

type AddEntry = (name: string, text: string) => Promise<string>;

/** Closes the sink when all is written; aborts it when something fails. */
export async function writeArchive(
  snapshot: Snapshot,
  sink: WritableStream<Uint8Array>,
  options: WriteOptions,
): Promise<Manifest> {
  const { readable, controller } = createTarPacker();
  const compressed = readable.pipeThrough(new CompressionStream('gzip') as ByteTransform);
  const { passphrase, createdAt } = options;
  const written = (passphrase === null ? compressed : await encrypt(compressed, passphrase)).pipeTo(sink);
  written.catch(() => undefined);
  const addEntry: AddEntry = async (name, text) => {
    const bytes = Buffer.from(text);
    const entry = controller
      .add({ name, size: bytes.length, type: 'file', mode: 0o600, mtime: createdAt })
      .getWriter();
    if (bytes.length > 0) await entry.write(bytes);
    await entry.close();
    return sha256(bytes).toString('hex');
  };
  try {
    const manifest = await addAll(snapshot, addEntry, options);
    controller.finalize();
    await written;
    return manifest;
  } catch (error) {
    controller.error(error);
    // Where the sink is what failed, that is what to say.
    await written;
    throw error;
  }
}

type ByteTransform = ReadableWritablePair<Uint8Array, Uint8Array>;

async function addAll(
  snapshot: Snapshot,
  addEntry: AddEntry,
  { about, seal }: WriteOptions,
): Promise<Manifest> {
  const tables: Manifest['tables'][number][] = [];
  const files: ArchiveFile[] = [];
  const keys = new Set<string>();
  for (const table of snapshot.tables) {
    const added = await addTable(snapshot, table, addEntry, keys);
    files.push(...added);
    tables.push({ ...table, rows: added.reduce((sum, { rows }) => sum + rows, 0) });
  }
  const manifest = { ...about, encryption_keys: [...keys].sort(), tables, files };
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  await addEntry(MANIFEST_NAME, text);
  await addEntry(SEAL_NAME, `${seal(Buffer.from(text))}\n`);
  return manifest;
}

async function addTable(
  snapshot: Snapshot,
  table: ArchivedTable,
  addEntry: AddEntry,
  keys: Set<string>,
): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  const sealedColumns = table.columns.filter((column) => column.startsWith('sealed_'));
  for await (const portion of snapshot.rows(table)) {
    for (const key of keysIn(portion, sealedColumns)) keys.add(key);
    for (const lines of entriesOf(portion)) {
      const name = `${table.name}/${String(files.length + 1).padStart(6, '0')}.jsonl`;
      const digest = await addEntry(name, `${lines.join('\n')}\n`);
      files.push({ name, table: table.name, rows: lines.length, sha256: digest });
    }
  }
  return files;
}

function* entriesOf(portion: readonly string[]): Generator<string[]> {
  let lines: string[] = [];
  let length = 0;
  for (const line of portion) {
    if (lines.length > 0 && length + line.length > ENTRY_CHARACTERS) {
      yield lines;
      [lines, length] = [[], 0];
    }
    lines.push(line);
    length += line.length;
  }
  if (lines.length > 0) yield lines;
}

/** Sealed texts name their key: `v1.<fingerprint>.…`. */
function keysIn(lines: readonly string[], columns: readonly string[]): string[] {
  if (columns.length === 0) return [];
  return lines.flatMap((line) => {
    const row = JSON.parse(line) as Record<string, unknown>;
    return columns.flatMap((column) => /^v1\.([0-9a-f]+)\./.exec(String(row[column]))?.[1] ?? []);
  });
}
