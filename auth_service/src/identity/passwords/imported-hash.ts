import { createCipheriv, type ScryptOptions, scrypt } from 'node:crypto';
import { compare as compareBcrypt } from 'bcrypt';
import { equalInConstantTime } from '#crypto';

/** bcrypt reads 72 bytes and forgets the rest: a longer password must not pass by its beginning alone. */
const BCRYPT_READS_BYTES = 72;
/** Enough for N=2^17, r=8, the strongest that OWASP names. */
const SCRYPT_MEMORY_BYTES = 192 * 1024 * 1024;
/** Less of a hash would be guessed. */
const SCRYPT_SHORTEST_BYTES = 16;
const FIREBASE_KEY_BYTES = 32;

type Matches = (password: string) => Promise<boolean>;

/** @returns how to check a password against a hash that another system made; null for a format nobody knows. */
export function readImportedHash(hash: string): Matches | null {
  return readBcrypt(hash) ?? readScrypt(hash) ?? readFirebaseScrypt(hash);
}

function readBcrypt(hash: string): Matches | null {
  if (!/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash)) return null;
  // `2y` is what PHP calls `2b`; the package knows only the latter name.
  const known = hash.replace(/^\$2y/, '$2b');
  return async (password) => {
    // Checked in any case: a long password must not be refused faster than a wrong one.
    const matches = await compareBcrypt(password, known);
    return matches && Buffer.byteLength(password) <= BCRYPT_READS_BYTES;
  };
}

const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** The PHC string format: `$scrypt$ln=16,r=8,p=1$salt$hash`, base64 without padding. */
function readScrypt(hash: string): Matches | null {
  const [, logN = '', r = '', p = '', salt = '', expected = ''] = SCRYPT.exec(hash) ?? [];
  const expectedBytes = Buffer.from(expected, 'base64');
  if (expectedBytes.length < SCRYPT_SHORTEST_BYTES) return null;
  return async (password) => {
    const key = await deriveScrypt(password, Buffer.from(salt, 'base64'), expectedBytes.length, [logN, r, p]);
    return key !== null && equalInConstantTime(key, expectedBytes);
  };
}

const FIREBASE =
  /^\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2}),ss=([\w+/=-]*),sk=([\w+/=-]+)\$([\w+/=-]+)\$([\w+/=-]+)$/;

/**
 * Firebase's scrypt, as GoTrue writes it: `$fbscrypt$v=1,n=14,r=8,p=1,ss=separator,sk=signer key$salt$hash`. What
 * scrypt gives is a key, and the hash is the project's signer key encrypted with it.
 */
function readFirebaseScrypt(hash: string): Matches | null {
  const [, logN = '', r = '', p = '', separator = '', signer = '', salt = '', expected = ''] =
    FIREBASE.exec(hash) ?? [];
  const [signerKey, expectedBytes] = [Buffer.from(signer, 'base64'), Buffer.from(expected, 'base64')];
  if (expectedBytes.length < SCRYPT_SHORTEST_BYTES || expectedBytes.length !== signerKey.length) return null;
  const salted = Buffer.concat([Buffer.from(salt, 'base64'), Buffer.from(separator, 'base64')]);
  return async (password) => {
    const key = await deriveScrypt(password, salted, FIREBASE_KEY_BYTES, [logN, r, p]);
    if (key === null) return false;
    const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
    return equalInConstantTime(Buffer.concat([cipher.update(signerKey), cipher.final()]), expectedBytes);
  };
}

/** @returns null when the parameters are impossible or ask for too much memory. */
function deriveScrypt(
  password: string,
  salt: Buffer,
  length: number,
  [logN, r, p]: readonly [string, string, string],
): Promise<Buffer | null> {
  const options: ScryptOptions = {
    N: 2 ** Number(logN),
    r: Number(r),
    p: Number(p),
    maxmem: SCRYPT_MEMORY_BYTES,
  };
  return new Promise((resolve) => {
    try {
      scrypt(password, salt, length, options, (error, key) => resolve(error === null ? key : null));
    } catch {
      resolve(null);
    }
  });
}
