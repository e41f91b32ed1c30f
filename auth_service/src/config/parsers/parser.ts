/** Says why a text was not taken. The text itself is left out: only the reader knows whether it may be shown. */
interface Rejection {
  /** Completes "<the value> …", such as "is not a whole number". */
  readonly problem: string;
  readonly remedy?: string;
  /** The part at fault, where it is not the whole text; shown only when the variable is no secret. */
  readonly part?: string;
}

export type Parsed<T> = { readonly value: T } | Rejection;

export interface Parser<T> {
  /** Completes "Set NAME to …". */
  readonly form: string;
  parse(text: string): Parsed<T>;
}

/** A comma-separated list; spaces and empty items are dropped. */
export function list<T>(item: Parser<T>, form: string): Parser<readonly T[]> {
  return {
    form,
    parse(text) {
      const values: T[] = [];
      for (const part of text.split(',').map((piece) => piece.trim())) {
        if (part === '') continue;
        const parsed = item.parse(part);
        if ('problem' in parsed) return { part, ...parsed };
        values.push(parsed.value);
      }
      return { value: values };
    },
  };
}
