import type { FieldError } from '#errors';

/** One fault that ajv found, as far as anything here reads it. */
export interface Fault {
  readonly keyword?: string;
  /** JSON pointer (RFC 6901). */
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** A stranger chooses how many there are and what the unknown ones are called: the answer stays small all the same. */
const FAULTS_AT_MOST = 20;
const NAME_LENGTH_AT_MOST = 100;
/** Where the fault is the body as a whole. */
const WHOLE = 'body';

/** Which fields were wrong, in sentences for the person who fills them in. */
export function fieldErrorsOf(faults: readonly Fault[]): FieldError[] {
  return faults
    .slice(0, FAULTS_AT_MOST)
    .map((fault) => ({ field: fieldOf(fault).slice(0, NAME_LENGTH_AT_MOST), message: sentenceOf(fault) }));
}

function fieldOf({ instancePath = '', params = {} }: Fault): string {
  const path = instancePath.split('/').slice(1).map(unescapePointer);
  const member = params.missingProperty ?? params.additionalProperty;
  const names = typeof member === 'string' ? [...path, member] : path;
  return names.length === 0 ? WHOLE : names.join('.');
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function sentenceOf({ keyword, message = 'is not valid', params = {} }: Fault): string {
  switch (keyword) {
    case 'required':
      return 'It is missing.';
    case 'additionalProperties':
      return 'It is not known here.';
    case 'type':
      return `It must be ${[params.type].flat().map(kindOf).join(' or ')}.`;
    case 'enum':
      return `It must be one of: ${[params.allowedValues].flat().join(', ')}.`;
    case 'maxLength':
      return `It has at most ${params.limit} characters.`;
    default:
      return `It ${message}.`;
  }
}

function kindOf(type: unknown): string {
  if (type === 'null') return 'null';
  return type === 'array' || type === 'integer' || type === 'object' ? `an ${type}` : `a ${type}`;
}
