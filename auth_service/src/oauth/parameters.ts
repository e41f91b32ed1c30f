import { ServiceError } from '#errors';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
export const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/;
const PRINTABLE_NAME = /^[\w.-]{1,64}$/;
/** RFC 8707 §2: the only parameter that may be repeated. */
const REPEATABLE = 'resource';

export interface Parameters {
  /** An empty value counts as omitted (RFC 6749 §3.2). */
  get(name: string): string | undefined;
  readonly resources: readonly string[];
}

/** RFC 6749 §3.2. @throws ServiceError `invalid_request` naming the repeated or malformed parameter. */
export function readParameters(raw: ReadonlyMap<string, readonly string[]>): Parameters {
  for (const [name, values] of raw) {
    if (values.length > 1 && name !== REPEATABLE) {
      throw new ServiceError('invalid_request', `${nameFor(name)} is repeated.`);
    }
    if (values.some((value) => CONTROL_CHARACTERS.test(value))) {
      throw new ServiceError('invalid_request', `${nameFor(name)} contains control characters.`);
    }
  }
  return {
    get: (name) => raw.get(name)?.[0] || undefined,
    resources: (raw.get(REPEATABLE) ?? []).filter((value) => value !== ''),
  };
}

/** A stranger chose the name: it is said back only when it is harmless. */
function nameFor(name: string): string {
  return PRINTABLE_NAME.test(name) ? `The parameter ${name}` : 'A parameter';
}
