import type { ArchivedTable } from '#storage';

export const MANIFEST_NAME = 'manifest.json';
/** Of the manifest, with the encryption key of whoever made the archive. */
export const SEAL_NAME = 'manifest.seal';
export const FORMAT = 'paservices-backup';
/** Raised when an older program could not read the archive any more. */
export const FORMAT_VERSION = 1;

/** The last but one entry of the archive, as JSON in these very names. */
export interface Manifest {
  readonly format: string;
  readonly format_version: number;
  readonly created_at: string;
  readonly product_version: string;
  readonly schema_version: number;
  readonly database: 'postgres' | 'embedded';
  readonly identity: 'supabase' | 'embedded';
  /** Fingerprints of the encryption keys that open what is sealed in the rows. */
  readonly encryption_keys: readonly string[];
  readonly tables: readonly (ArchivedTable & { readonly rows: number })[];
  readonly left_out: readonly string[];
  /** Every entry before this one, in their order. */
  readonly files: readonly ArchiveFile[];
}

export interface ArchiveFile {
  readonly name: string;
  readonly table: string;
  readonly rows: number;
  readonly sha256: string;
}

/** @returns null when it is none of ours. */
export function readManifest(bytes: Buffer): Manifest | null {
  try {
    const manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Manifest;
    return manifest.format === FORMAT && isWhole(manifest) ? manifest : null;
  } catch {
    return null;
  }
}

function isWhole({ format_version, schema_version, created_at, tables, files, ...rest }: Manifest): boolean {
  return (
    Number.isInteger(format_version) &&
    Number.isInteger(schema_version) &&
    !Number.isNaN(Date.parse(created_at)) &&
    Array.isArray(rest.encryption_keys) &&
    Array.isArray(rest.left_out) &&
    Array.isArray(tables) &&
    tables.every(({ name, columns, rows }) => isName(name) && areNames(columns) && Number.isInteger(rows)) &&
    Array.isArray(files) &&
    files.every(
      ({ table, sha256 }) => tables.some(({ name }) => name === table) && typeof sha256 === 'string',
    )
  );
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/.test(value);
}

function areNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}
