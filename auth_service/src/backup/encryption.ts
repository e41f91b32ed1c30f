import { Decrypter, Encrypter } from 'age-encryption';
import { ServiceError } from '#errors';

/**
 * Files of age (age-encryption.org/v1), so that the tool `age` opens them too. 2^16: 64 MB of memory, where the default
 * of 2^18 takes 256, which a small container has not; the passphrase is long instead.
 */
const SCRYPT_WORK_FACTOR = 16;
const MAGIC = 'age-encryption.org/v1';

export async function encrypt(
  plain: ReadableStream<Uint8Array>,
  passphrase: string,
): Promise<ReadableStream<Uint8Array>> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(SCRYPT_WORK_FACTOR);
  return await encrypter.encrypt(plain);
}

export function isEncrypted(beginning: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(beginning.subarray(0, MAGIC.length)) === MAGIC;
}

/** @throws ServiceError `archive_locked`. What was altered makes the stream fail. */
export async function decrypt(
  encrypted: ReadableStream<Uint8Array>,
  passphrase: string | null,
): Promise<ReadableStream<Uint8Array>> {
  if (passphrase === null) {
    throw new ServiceError(
      'archive_locked',
      'This archive is encrypted. Set BACKUP_PASSPHRASE to the passphrase that it was made with.',
    );
  }
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(encrypted);
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes('no identity matched')) {
      throw new ServiceError('archive_locked', undefined, { cause });
    }
    throw cause;
  }
}
