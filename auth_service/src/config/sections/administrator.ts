import type { Config, IdentityConfig } from '../config.ts';
import { emailAddress, text } from '../parsers/plain.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, variable } from '../variable.ts';
import { weaknessOf } from '../weak-password.ts';

export const administratorSection = {
  title: 'First administrator',
  about: 'Acts only while there is no administrator who can log in.',
  variables: {
    email: variable({
      name: 'INITIAL_ADMIN_EMAIL',
      parser: emailAddress,
      example: 'admin@your_domain.com',
      description: 'E-mail address of the first administrator.',
    }),
    password: variable({
      name: 'INITIAL_ADMIN_PASSWORD',
      parser: text('a password of your own with at least 12 characters'),
      secrecy: 'secret',
      example: 'your_secure_admin_password',
      description: 'Password of the first administrator; a weak or default one is refused in production.',
    }),
  },
} satisfies Section;

const { variables } = administratorSection;
const LONGEST_PASSWORD = 128;
const SHORTEST_PASSWORD = 8;
/** bcrypt, which Supabase hashes with, reads no further. */
const SUPABASE_PASSWORD_BYTES = 72;

export function assembleAdministrator(
  values: ValuesOf<typeof administratorSection>,
  identity: IdentityConfig | null,
  reading: Reading,
): Config['initialAdmin'] {
  const { email, password } = values;
  if (password !== null) checkPassword(password, email, identity, reading);
  if (email !== null && password !== null) return { email, password };
  if (email !== null) {
    reading.missing(variables.password, 'Set it as well, since INITIAL_ADMIN_EMAIL is set; or unset that.');
  }
  if (password !== null) {
    reading.missing(variables.email, 'Set it as well, since INITIAL_ADMIN_PASSWORD is set; or unset that.');
  }
  return null;
}

function checkPassword(
  password: string,
  email: string | null,
  identity: IdentityConfig | null,
  reading: Reading,
): void {
  const remedy = 'Choose a longer one, best a random one from a password manager.';
  const weakness = reading.isProduction ? weaknessOf(password, email) : null;
  const length = [...password].length;
  if (weakness !== null) {
    reading.fault(variables.password, weakness, remedy);
  } else if (length < SHORTEST_PASSWORD) {
    reading.fault(variables.password, `has fewer than ${SHORTEST_PASSWORD} characters.`, remedy);
  }
  const shorter = 'Choose a shorter one.';
  if (length > LONGEST_PASSWORD) {
    reading.fault(variables.password, `has more than ${LONGEST_PASSWORD} characters.`, shorter);
  } else if (identity?.kind === 'supabase' && Buffer.byteLength(password) > SUPABASE_PASSWORD_BYTES) {
    const problem = `has more than ${SUPABASE_PASSWORD_BYTES} bytes, which Supabase does not take.`;
    reading.fault(variables.password, problem, shorter);
  }
}
