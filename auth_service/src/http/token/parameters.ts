import { ServiceError } from '#errors';
import { topLevelNames } from '../json-members.ts';

/** Every parameter with all its values in order. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/;
/** Far more than any grant has; a body of a megabyte could hold half a million. */
const PARAMETERS_AT_MOST = 100;

export interface ParameterNames {
  /** Read by the endpoint, so that a wrong type is an error. Unknown ones are ignored (RFC 6749 §3.2). */
  readonly known: ReadonlySet<string>;
  /** In JSON these may also be arrays of strings. */
  readonly repeatable: ReadonlySet<string>;
}

/** @throws ServiceError `invalid_request`, `unsupported_media_type` */
export function parseParameters(
  headers: { 'content-type'?: string | undefined; 'content-encoding'?: string | string[] | undefined },
  body: Buffer,
  names: ParameterNames,
): Parameters {
  // Nothing was sent, so nothing was sent in the wrong form: what is missing is said by who misses it.
  if (body.length === 0) return new Map();
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== FORM && mediaType !== JSON_TYPE) {
    throw new ServiceError('unsupported_media_type', `Send the parameters as ${FORM} or ${JSON_TYPE}.`);
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new ServiceError('unsupported_media_type', 'Send the body without a Content-Encoding.');
  }
  const text = decode(body);
  const parameters = mediaType === FORM ? parseForm(text) : parseJson(text, names);
  // Values are judged where they are read. A name like this would pass as unknown here and be cut short elsewhere.
  if ([...parameters.keys()].some((name) => CONTROL_CHARACTERS.test(name))) {
    throw new ServiceError('invalid_request', 'The name of a parameter has control characters.');
  }
  return parameters;
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new ServiceError('invalid_request', 'The body is not valid UTF-8.');
  }
}

/** RFC 6749 appendix B. Stricter than URLSearchParams, which mends broken percent signs and bytes in silence. */
function parseForm(text: string): Parameters {
  const parameters = new Map<string, string[]>();
  const pairs = text.split('&', PARAMETERS_AT_MOST + 1).filter((pair) => pair !== '');
  refuseTooMany(pairs.length);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decodeFormPart(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decodeFormPart(pair.slice(equals + 1));
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

function decodeFormPart(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw new ServiceError('invalid_request', 'The body has a percent sequence that cannot be decoded.');
  }
}

function parseJson(text: string, names: ParameterNames): Parameters {
  const members = Object.entries(parseObject(text));
  refuseTooMany(members.length);
  const keys = topLevelNames(text);
  if (keys.length > members.length) {
    throw new ServiceError('invalid_request', `The JSON body repeats ${repeatedName(keys, names)}.`);
  }
  const parameters = new Map<string, readonly string[]>();
  for (const [name, value] of members) {
    if (typeof value === 'string') parameters.set(name, [value]);
    else if (names.repeatable.has(name) && isStrings(value)) parameters.set(name, value);
    else if (names.known.has(name)) {
      const form = names.repeatable.has(name) ? 'a string or an array of strings' : 'a string';
      throw new ServiceError('invalid_request', `${name} must be ${form}.`);
    }
  }
  return parameters;
}

function parseObject(text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ServiceError('invalid_request', 'The body is not valid JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ServiceError('invalid_request', 'The JSON body must be an object.');
  }
  return parsed;
}

function refuseTooMany(count: number): void {
  if (count > PARAMETERS_AT_MOST)
    throw new ServiceError('invalid_request', 'The body has too many parameters.');
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** A stranger chose the name: only one of ours is said back. */
function repeatedName(keys: readonly string[], { known }: ParameterNames): string {
  const repeated = keys.find((key, index) => keys.indexOf(key) !== index);
  return repeated !== undefined && known.has(repeated) ? `the parameter ${repeated}` : 'a parameter';
}
