import type { ErrorCode } from '#errors';

/**
 * JSON Schema 2020-12, written out, with types by `XStatic` of typebox: loading its builder at run time would take a
 * quarter of the second that a start may take.
 */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a route takes and answers. */
export interface RouteSchema {
  readonly tag: 'Machines' | 'People' | 'Administration' | 'Operations';
  readonly summary: string;
  readonly description: string;
  /** Of the path, by name; the handler says what is no such thing. */
  readonly parameters?: Readonly<Record<string, JsonSchema>>;
  /** Of the query, by name; routes of administration refuse what is not named here. */
  readonly query?: Readonly<Record<string, JsonSchema>>;
  /** By media type, with examples by name. */
  readonly body?: Readonly<
    Record<string, { schema: JsonSchema; examples: Readonly<Record<string, JsonSchema>> }>
  >;
  /** By status. The schema also writes the answer: what it does not name is not sent. */
  readonly response: Readonly<Record<number, ResponseSchema>>;
  /** Answered in the dialect of the route: codes, or statuses where no code says more. */
  readonly errors: readonly (number | ErrorCode)[];
  /** Security schemes, any of which will do; credentials may be in the body instead. */
  readonly security?: readonly string[];
}

export interface ResponseSchema {
  /** Under which the document lists the schema; one schema, one name. */
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: unknown;
}
