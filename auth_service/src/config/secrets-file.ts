import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-error.ts';

export interface GeneratedSecrets {
  /** 32 bytes, for HKDF. */
  readonly encryptionKey: Buffer;
  /** 43 characters; signs the API keys of the embedded identity server. */
  readonly apiKeySecret: string;
  /** True in the one process that made them. */
  readonly created: boolean;
}

const FILE_NAME = 'secrets.json';
const BYTES = 32;

/**
 * The secrets of a service that was given none, kept in secrets.json (mode 0600) of the data directory. Of two
 * processes at once one makes them and both use those. A damaged file is never replaced: what it sealed would be lost.
 * @throws ConfigError naming the file
 */
export function readOrCreateSecrets(dataDirectory: string): GeneratedSecrets {
  const path = join(dataDirectory, FILE_NAME);
  try {
    const text = read(path);
    if (text !== null) return { ...parse(text, path), created: false };
    const created = create(dataDirectory, path);
    return { ...parse(read(path) ?? '', path), created };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw fault(path, `cannot be read or written (${code}).`, 'Give this user the rights to it.', error);
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** False: another process was first. A link, unlike a rename, never replaces what is there, and what it shows is whole. */
function create(dataDirectory: string, path: string): boolean {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    write(temporary);
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function write(path: string): void {
  const content = {
    encryptionKey: randomBytes(BYTES).toString('base64'),
    apiKeySecret: randomBytes(BYTES).toString('base64url'),
  };
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function parse(text: string, path: string): { encryptionKey: Buffer; apiKeySecret: string } {
  const content = parseJson(text);
  const encryptionKey = Buffer.from(String(content?.encryptionKey ?? ''), 'base64');
  const apiKeySecret = content?.apiKeySecret;
  if (encryptionKey.length === BYTES && typeof apiKeySecret === 'string' && apiKeySecret.length >= BYTES) {
    return { encryptionKey, apiKeySecret };
  }
  const remedy =
    'Put it back from a backup. If what it sealed may be lost, move the whole data directory away.';
  throw fault(path, 'is damaged.', remedy);
}

function parseJson(text: string): { encryptionKey?: unknown; apiKeySecret?: unknown } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fault(path: string, problem: string, remedy: string, cause?: unknown): ConfigError {
  return new ConfigError(
    [{ variable: 'DATA_DIR', problem: `holds ${path}, which ${problem}`, remedy }],
    cause,
  );
}
