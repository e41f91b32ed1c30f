import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { ServiceError } from '#errors';

/** What a file holds; `-` is standard input. @throws ServiceError `validation_failed`. */
export async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be read';
    throw new ServiceError('validation_failed', `The file "${file}" was not read: ${reason}.`, { cause });
  }
}
