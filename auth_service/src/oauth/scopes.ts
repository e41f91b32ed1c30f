import { ServiceError } from '#errors';

/** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by single spaces. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const NAMED_AT_MOST = 5;
const NAME_LENGTH_AT_MOST = 100;

/**
 * The asked subset of what is held: sorted, each once. Null when nothing was asked for.
 * @throws ServiceError `invalid_scope`, naming what was asked for and never what is held.
 */
export function narrowScopes(
  asked: string | undefined,
  held: readonly string[],
  lack = 'The client does not hold',
): readonly string[] | null {
  if (asked === undefined) return null;
  const tokens = [...new Set(asked.split(' '))];
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) {
    throw new ServiceError(
      'invalid_scope',
      'scope is malformed: names separated by single spaces are expected.',
    );
  }
  const holds = new Set(held);
  const beyond = tokens.filter((token) => !holds.has(token));
  if (beyond.length > 0) {
    throw new ServiceError('invalid_scope', `${lack}: ${listOf(beyond)}.`);
  }
  return tokens.sort();
}

/**
 * The same within what a refresh token stands for (RFC 6749 §6). What the client lost since is gone; a token for
 * everything follows what the client holds now.
 * @param granted null: everything
 * @throws ServiceError `invalid_scope`.
 */
export function narrowGranted(
  asked: string | undefined,
  held: readonly string[],
  granted: readonly string[] | null,
): readonly string[] | null {
  if (granted === null) return narrowScopes(asked, held);
  const left = granted.filter((name) => held.includes(name));
  if (granted.length > 0 && left.length === 0) {
    throw new ServiceError(
      'invalid_scope',
      'The client holds nothing any more of what the refresh token stands for.',
    );
  }
  return narrowScopes(asked, left, 'The refresh token is not, or no longer, good for') ?? left;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_AT_MOST).map((name) => name.slice(0, NAME_LENGTH_AT_MOST));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
