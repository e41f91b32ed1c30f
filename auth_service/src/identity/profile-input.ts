import { type FieldError, ServiceError } from '#errors';
import { normalizeEmail } from './email-address.ts';

export interface NewPerson extends ProfileInput {
  readonly email: string;
  readonly password: string;
}

/** What is left out stays as it is; null empties it. */
export interface ProfileInput {
  readonly username?: string | null | undefined;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
}

export interface Names {
  readonly username?: string | null;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
}

const LIMITS = { username: 50, firstName: 100, lastName: 100 } as const;
const WIRE_NAMES = { username: 'username', firstName: 'first_name', lastName: 'last_name' } as const;
type NameField = keyof typeof LIMITS;

/** Letters and digits of any script, and what joins them; so no name looks like an address, a path or nothing. */
const USERNAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}._-]*[\p{L}\p{M}\p{N}])?$/u;
/** Control characters, line breaks, marks that turn the direction of text, and all that takes no room. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** Letters of one look like letters of the others. */
const LOOKALIKES = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

/** @throws ServiceError `validation_failed` with every wrong field. The password is looked at elsewhere. */
export function readNewPerson(
  input: Omit<NewPerson, 'password'> & { readonly password?: string | undefined },
): Required<Names> & { readonly email: string } {
  const { email, names } = readPerson(input);
  return {
    email,
    username: names.username ?? null,
    firstName: names.firstName ?? null,
    lastName: names.lastName ?? null,
  };
}

/** An address where one is given, and names. @throws ServiceError `validation_failed` with every wrong field. */
export function readPerson<Email extends string | undefined>(
  input: ProfileInput & { readonly email: Email },
): { readonly email: Email; readonly names: Names } {
  const faults: FieldError[] = [];
  const email = input.email === undefined ? undefined : normalizeEmail(input.email);
  if (email === null) {
    faults.push({ field: 'email', message: 'This is no e-mail address that can be used here.' });
  }
  const names = collectNames(input, faults);
  if (faults.length > 0) throw invalid(faults);
  return { email: email as Email, names };
}

/** @throws ServiceError `validation_failed` with every wrong field. */
export function readNames(input: ProfileInput): Names {
  const faults: FieldError[] = [];
  const names = collectNames(input, faults);
  if (faults.length > 0) throw invalid(faults);
  return names;
}

/** The username in what somebody says about themselves; null where it is none that could be taken. */
export function usernameIn({ username }: Readonly<Record<string, unknown>>): string | null {
  if (typeof username !== 'string') return null;
  const faults: FieldError[] = [];
  const names = collectNames({ username }, faults);
  return faults.length === 0 ? (names.username ?? null) : null;
}

/** First and last name in what somebody says about themselves, as far as they could be taken. */
export function namesIn(metadata: Readonly<Record<string, unknown>>): Pick<Names, 'firstName' | 'lastName'> {
  const read = (field: 'firstName' | 'lastName') => {
    const given = metadata[WIRE_NAMES[field]];
    const faults: FieldError[] = [];
    const names = typeof given === 'string' ? collectNames({ [field]: given }, faults) : {};
    return faults.length === 0 ? (names[field] ?? null) : null;
  };
  return { firstName: read('firstName'), lastName: read('lastName') };
}

/** GoTrue's `user_metadata` of a new account: names in its own spelling. */
export function userMetadata({ username, firstName, lastName }: Names): Record<string, unknown> {
  return {
    ...(username != null && { username }),
    ...(firstName != null && { first_name: firstName }),
    ...(lastName != null && { last_name: lastName }),
  };
}

function collectNames(input: ProfileInput, faults: FieldError[]): Names {
  const names: { [field in NameField]?: string | null } = {};
  for (const field of Object.keys(LIMITS) as NameField[]) {
    const given = input[field];
    if (given === undefined) continue;
    // A username is one in whatever compatible form it is written; other names stay as they are.
    const form = field === 'username' ? 'NFKC' : 'NFC';
    const name = given === null ? null : given.normalize(form).trim() || null;
    const fault = name === null ? null : faultOf(field, name);
    if (fault !== null) faults.push({ field: WIRE_NAMES[field], message: fault });
    names[field] = name;
  }
  return names;
}

function faultOf(field: NameField, name: string): string | null {
  if ([...name].length > LIMITS[field]) return `It has at most ${LIMITS[field]} characters.`;
  if (UNPRINTABLE.test(name)) return 'It has characters that cannot be seen.';
  if (field === 'username' && !USERNAME.test(name)) {
    return 'It is made of letters, digits, and . _ - between them.';
  }
  if (field === 'username' && LOOKALIKES.filter((script) => script.test(name)).length > 1) {
    return 'It mixes letters of Latin, Cyrillic and Greek, which look alike.';
  }
  return null;
}

function invalid(fields: readonly FieldError[]): ServiceError {
  return new ServiceError('validation_failed', undefined, { fields });
}
