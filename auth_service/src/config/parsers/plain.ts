import type { Parser } from './parser.ts';

/** Any text, taken as it is. */
export function text(form: string): Parser<string> {
  return { form, parse: (value) => ({ value }) };
}

/** Text without blanks or control characters: identifiers, issuers, names of hosts. */
export function word(form: string): Parser<string> {
  return {
    form,
    parse: (value) =>
      /^[^\s\p{Cc}]+$/u.test(value) ? { value } : { problem: 'contains blanks or control characters' },
  };
}

/** RFC 9110 §5.1; comes out in lower case. */
export const headerName: Parser<string> = {
  form: 'the name of an HTTP header',
  parse: (value) =>
    /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/i.test(value)
      ? { value: value.toLowerCase() }
      : { problem: 'is not the name of an HTTP header' },
};

export function wholeNumber(minimum: number, maximum: number, unit = ''): Parser<number> {
  const form = `a whole number${unit === '' ? '' : ` of ${unit}`} from ${minimum} to ${maximum}`;
  return {
    form,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= minimum && number <= maximum ? { value: number } : { problem: `is not ${form}` };
    },
  };
}

/** One of the given words, in any case; the spelling given here is what comes out. */
export function choice<T extends string>(...choices: readonly T[]): Parser<T> {
  const form = `one of ${choices.join(', ')}`;
  return {
    form,
    parse(value) {
      const chosen = choices.find((known) => known.toLowerCase() === value.toLowerCase());
      return chosen === undefined ? { problem: `is not ${form}` } : { value: chosen };
    },
  };
}

const YES = ['true', '1', 'yes', 'on'];
const NO = ['false', '0', 'no', 'off'];

export const yesOrNo: Parser<boolean> = {
  form: 'true or false',
  parse(value) {
    if (YES.includes(value.toLowerCase())) return { value: true };
    if (NO.includes(value.toLowerCase())) return { value: false };
    return { problem: 'is neither true nor false' };
  },
};

export const emailAddress: Parser<string> = {
  form: 'an e-mail address of your own',
  parse: (value) =>
    value.length <= 254 && /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(value)
      ? { value }
      : { problem: 'is not an e-mail address' },
};
