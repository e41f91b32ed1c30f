import { longSecret } from '../parsers/keys.ts';
import { type Section, variable } from '../variable.ts';

export const backupSection = {
  title: 'Backups',
  about: 'Archives that `auth-service backup` writes and `auth-service restore` reads.',
  variables: {
    passphrase: variable({
      name: 'BACKUP_PASSPHRASE',
      parser: longSecret,
      secrecy: 'secret',
      example: 'your_backup_passphrase',
      description:
        'Encrypts archives, in the format of `age`, and opens them. Unset: archives are not encrypted. Keep it where a lost server does not take it along.',
    }),
  },
} satisfies Section;
