import type { ErrorCode } from '#errors';
import type { JsonSchema, ResponseSchema, RouteSchema } from '../openapi/route-schema.ts';

export const EXAMPLE_TIME = '2026-01-31T12:00:00.000Z';
export const EXAMPLE_ID = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a14';
/** Longer than any value may be; what may be is the rooms' to say. Keeps a megabyte from being looked at closely. */
const LONGEST = 4096;

export const time = { type: 'string', format: 'date-time' } as const;
export const timeOrNull = { type: ['string', 'null'], format: 'date-time' } as const;
export const uuid = { type: 'string', format: 'uuid' } as const;
export const textOrNull = { type: ['string', 'null'] } as const;
export const strings = { type: 'array', items: { type: 'string' } } as const;

/** Of a body. */
export const text = { type: 'string', maxLength: LONGEST } as const;
export const nullableText = { type: ['string', 'null'], maxLength: LONGEST } as const;

const OF_CALLER = ['no_authorization', 'invalid_token', 'insufficient_permission'] as const;
const OF_SERVICE = ['internal', 'starting', 'public_url_missing', 'database_unavailable'] as const;
const OF_BODY = ['malformed_body', 'body_too_large', 'unsupported_media_type', 'validation_failed'] as const;

export const ERRORS_OF_READING: readonly ErrorCode[] = [...OF_CALLER, 'validation_failed', ...OF_SERVICE];
/** Of a change, with or without a body. */
export const ERRORS_OF_WRITING: readonly ErrorCode[] = [
  ...OF_CALLER,
  ...OF_BODY,
  'exceeds_own_rights',
  ...OF_SERVICE,
];

export function body<Properties extends Record<string, unknown>, const Required extends readonly string[]>(
  properties: Properties,
  required: Required,
) {
  return { type: 'object', required, properties, additionalProperties: false } as const;
}

export function json(schema: JsonSchema, example: unknown): NonNullable<RouteSchema['body']> {
  return { 'application/json': { schema, examples: { example: { value: example as JsonSchema } } } };
}

/** One page of things, with the count of all. */
export function listOf(name: string, thing: ResponseSchema, member = 'items'): ResponseSchema {
  return {
    name,
    description: 'One page, and how many there are in all.',
    schema: {
      type: 'object',
      required: [member, 'count'],
      properties: { [member]: { type: 'array', items: thing.schema }, count: { type: 'integer' } },
    },
    example: { [member]: [thing.example], count: 1 },
  };
}

export const MESSAGE: ResponseSchema = {
  name: 'Message',
  description: 'Done.',
  schema: { type: 'object', required: ['message'], properties: { message: { type: 'string' } } },
  example: { message: 'Done.' },
};

/** What comes with a thing that can be changed. */
export const IF_MATCH =
  'With `If-Match`, the ETag of what you read: 412 if it was changed since. What is left out stays as it is.';
