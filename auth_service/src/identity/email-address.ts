import { ServiceError } from '#errors';

const LONGEST = 254;
const LONGEST_LOCAL_PART = 64;
const PRINTABLE_ASCII = /^[\x21-\x7e]+$/;

/**
 * The part of RFC 5321 §4.1.2 that mail really uses: printable ASCII, no quoted local part, a domain with a dot (or
 * localhost). Dots in the local part count: they name another mailbox everywhere but at one provider.
 */
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^(?:localhost|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)$/;

/** The one spelling under which an address is kept and found, in lower case; null when it is no address we take. */
export function normalizeEmail(text: string): string | null {
  const spelling = text.trim();
  // Before lower-casing: some letters outside ASCII (the Kelvin sign) become ASCII ones by it.
  if (spelling.length > LONGEST || !PRINTABLE_ASCII.test(spelling)) return null;
  const address = spelling.toLowerCase();
  const at = address.lastIndexOf('@');
  if (at < 1 || at > LONGEST_LOCAL_PART) return null;
  return LOCAL_PART.test(address.slice(0, at)) && DOMAIN.test(address.slice(at + 1)) ? address : null;
}

/** @throws ServiceError `validation_failed` naming the field `email`. */
export function requireEmail(text: string): string {
  const email = normalizeEmail(text);
  if (email !== null) return email;
  const message = 'This is no e-mail address that can be used here.';
  throw new ServiceError('validation_failed', undefined, { fields: [{ field: 'email', message }] });
}
