import { type FieldError, ServiceError } from '#errors';
import type { Listed, Page, Sort } from '#storage';
import type { JsonSchema } from '../openapi/route-schema.ts';

const LIMIT = { default: 50, max: 200 };
const OFFSET_MAX = 2_147_483_647;
const Q_MAX = 200;
/** A stranger chooses how many there are and what they are called: the answer stays small. */
const UNKNOWN_SHOWN = 20;
const NAME_SHOWN = 100;
const WHOLE_NUMBER = /^\d{1,10}$/;
const UNSEARCHABLE = /[\p{Cc}\p{Cs}]/u;

type Query = Readonly<Record<string, unknown>>;

/** What a list takes, for the document: this, */
export const PAGE_PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: LIMIT.max, default: LIMIT.default },
  offset: { type: 'integer', minimum: 0, maximum: OFFSET_MAX, default: 0 },
};

/** or this where it can be searched, */
export const SEARCH_PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  ...PAGE_PARAMETERS,
  q: { type: 'string', maxLength: Q_MAX, description: 'Keeps what contains this text, in any case.' },
};

/** or this where its order can be chosen as well. */
export function listParameters(columns: readonly string[]): Readonly<Record<string, JsonSchema>> {
  return {
    ...SEARCH_PARAMETERS,
    sort: {
      type: 'string',
      enum: columns.flatMap((column) => [column, `-${column}`]),
      description: 'With a minus the other way round. Equal ones always stand in the same order.',
    },
  };
}

/** @throws ServiceError `validation_failed`, naming every parameter that is wrong or repeated. */
export function readPage<Column extends string>(
  query: unknown,
  columns: readonly Column[] = [],
): Page<Column> {
  const given = query as Query;
  const limit = wholeNumber(given.limit, LIMIT.default);
  const offset = wholeNumber(given.offset, 0);
  const sort = sortOf(given.sort, columns);
  const { q } = given;
  const faults: FieldError[] = [
    ...(limit >= 1 && limit <= LIMIT.max
      ? []
      : [fault('limit', `It must be a number from 1 to ${LIMIT.max}.`)]),
    ...(offset <= OFFSET_MAX ? [] : [fault('offset', `It must be a number from 0 to ${OFFSET_MAX}.`)]),
    ...(isSearchable(q) ? [] : [fault('q', `It has at most ${Q_MAX} characters and no control characters.`)]),
    ...(sort === null
      ? [fault('sort', `It must be one of: ${columns.join(', ')}; with - before it, descending.`)]
      : []),
  ];
  if (faults.length > 0 || sort === null) {
    throw new ServiceError('validation_failed', undefined, { fields: faults });
  }
  return {
    limit,
    offset,
    ...(typeof q === 'string' && q !== '' ? { q } : {}),
    ...(sort === undefined ? {} : { sort }),
  };
}

/** Of a list that is short, and read as a whole anyway. */
export function pageOf<Thing>(all: readonly Thing[], { limit, offset }: Page): Listed<Thing> {
  return { items: all.slice(offset, offset + limit), count: all.length };
}

/**
 * A misspelt filter must not pass as no filter.
 * @param known the parameters that the route names
 * @throws ServiceError `validation_failed`, naming every other one.
 */
export function refuseUnknownParameters(query: unknown, known: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(query as Query).filter((name) => !Object.hasOwn(known, name));
  if (names.length === 0) return;
  const fields = names
    .slice(0, UNKNOWN_SHOWN)
    .map((name) => fault(name.slice(0, NAME_SHOWN), 'It is not known here.'));
  throw new ServiceError('validation_failed', undefined, { fields });
}

/** `?force=true`. @throws ServiceError `validation_failed`. */
export function readForce(query: unknown): boolean {
  const { force = 'false' } = query as Query;
  if (force === 'true' || force === 'false') return force === 'true';
  const fields = [fault('force', 'It must be true or false.')];
  throw new ServiceError('validation_failed', undefined, { fields });
}

export const FORCE = {
  force: { type: 'boolean', default: false, description: 'Also where it is in use: it is taken away there.' },
} as const;

/** Infinity: no number, or given twice. */
function wholeNumber(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  return typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
}

function isSearchable(q: unknown): boolean {
  return q === undefined || (typeof q === 'string' && [...q].length <= Q_MAX && !UNSEARCHABLE.test(q));
}

/** Null: not one of the columns. */
function sortOf<Column extends string>(
  sort: unknown,
  columns: readonly Column[],
): Sort<Column> | undefined | null {
  if (sort === undefined) return undefined;
  if (typeof sort !== 'string') return null;
  const isDescending = sort.startsWith('-');
  const column = columns.find((name) => name === (isDescending ? sort.slice(1) : sort));
  return column === undefined ? null : { column, isDescending };
}

function fault(field: string, message: string): FieldError {
  return { field, message };
}
