import { ServiceError } from '#errors';

const SHORTEST = 8;
const LONGEST = 128;

/** What makes a password weak, in GoTrue's own words where it has one. */
export type Weakness = 'length' | 'bytes' | 'common' | 'email';

const SENTENCES: Readonly<Record<Weakness, string>> = {
  length: `A password has ${SHORTEST} to ${LONGEST} characters.`,
  bytes:
    'A password has at most 72 bytes here, which is fewer characters where they are not all of the plain ones.',
  common: 'This password is among the most common ones, which are tried first.',
  email: 'A password must not be the e-mail address or a part of it.',
};

export interface StrengthRules {
  findWeakness(password: string, email: string): Promise<Weakness | null>;
  /** @throws ServiceError `weak_password` naming the field. */
  requireStrength(password: string, email: string, field: string): Promise<void>;
}

/**
 * Length, a list of the passwords that are tried first, and the person's own address (OWASP ASVS 5 §6.2).
 * No rules about kinds of characters: they make passwords worse.
 */
export function createStrengthRules({
  bytesMax = Number.POSITIVE_INFINITY,
}: {
  /** Where it is hashed by something that reads no further. Default: no limit. */
  readonly bytesMax?: number;
} = {}): StrengthRules {
  let common: Promise<ReadonlySet<string>> | undefined;

  async function findWeakness(password: string, email: string): Promise<Weakness | null> {
    // Half a character would be hashed as another one.
    if (!password.isWellFormed()) return 'length';
    const length = [...password].length;
    if (length < SHORTEST || length > LONGEST) return 'length';
    if (Buffer.byteLength(password) > bytesMax) return 'bytes';
    const plain = password.toLowerCase();
    const [localPart = ''] = email.split('@');
    if (plain === email || plain === localPart) return 'email';
    common ??= loadCommonPasswords();
    return (await common).has(plain) ? 'common' : null;
  }

  return {
    findWeakness,
    async requireStrength(password, email, field) {
      const weakness = await findWeakness(password, email);
      if (weakness === null) return;
      const message = SENTENCES[weakness];
      throw new ServiceError('weak_password', message, { fields: [{ field, message }] });
    },
  };
}

/** Read at the first registration, not at start: 50 000 words take their time. */
async function loadCommonPasswords(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const words: readonly string[] = dictionary['passwords-common'];
  return new Set(words.filter((word) => word.length >= SHORTEST));
}
