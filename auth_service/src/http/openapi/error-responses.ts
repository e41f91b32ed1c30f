import { STATUS_CODES } from 'node:http';
import { type ErrorCode, ServiceError } from '#errors';
import { oauthErrorOf } from '../replies/oauth-error.ts';
import { problemOf } from '../replies/problem.ts';
import { STATUSES } from '../replies/statuses.ts';
import type { Dialect } from '../route.ts';
import type { JsonSchema } from './route-schema.ts';

const REQUEST_ID = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a11';

/** Bodies of errors, one for each dialect. */
export const ERROR_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Problem: {
    description: 'RFC 9457. `code` is stable; `detail` is for people.',
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
    properties: {
      type: { type: 'string', format: 'uri-reference' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      // No enum: clients generated from it would refuse the codes that later versions bring.
      code: { type: 'string', description: `One of ${Object.keys(STATUSES).join(', ')}; more may come.` },
      request_id: { type: 'string' },
      errors: {
        description: 'With status 422: what is wrong with which field.',
        type: 'array',
        items: {
          type: 'object',
          required: ['field', 'message'],
          properties: { field: { type: 'string' }, message: { type: 'string' } },
        },
      },
    },
  },
  OauthError: {
    description: 'RFC 6749 §5.2.',
    type: 'object',
    required: ['error', 'error_description'],
    properties: { error: { type: 'string' }, error_description: { type: 'string' } },
  },
};

/** The error that stands for a status where a route names none. */
const EXAMPLES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'no_authorization',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  500: 'internal',
  503: 'starting',
};

/** By status, with an example for each code. */
export function errorResponses(
  errors: readonly (number | ErrorCode)[],
  dialect: Dialect,
): Record<number, JsonSchema> {
  const codes = errors.map((error) => (typeof error === 'number' ? codeOf(error, dialect) : error));
  const statuses = [...new Set(codes.map((code) => STATUSES[code]))];
  const response = (status: number) =>
    errorResponse(
      status,
      codes.filter((code) => STATUSES[code] === status),
      dialect,
    );
  return Object.fromEntries(statuses.map((status) => [status, response(status)]));
}

function codeOf(status: number, dialect: Dialect): ErrorCode {
  const code = dialect === 'oauth' && status === 401 ? 'invalid_client' : EXAMPLES[status];
  if (code === undefined) throw new Error(`no example for errors of status ${status}`);
  return code;
}

function errorResponse(status: number, codes: readonly ErrorCode[], dialect: Dialect): JsonSchema {
  const isOauth = dialect === 'oauth';
  const exampleOf = (code: ErrorCode) => {
    const error = new ServiceError(code);
    return { value: isOauth ? oauthErrorOf(error) : problemOf(error, REQUEST_ID) };
  };
  return {
    description: STATUS_CODES[status] ?? 'Error',
    headers: errorHeaders(status),
    content: {
      [isOauth ? 'application/json' : 'application/problem+json']: {
        schema: { $ref: `${isOauth ? 'OauthError' : 'Problem'}#` },
        examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code)])),
      },
    },
  };
}

function errorHeaders(status: number): Record<string, JsonSchema> {
  return {
    ...COMMON_HEADERS,
    ...(status === 429 ? LIMIT_HEADERS : {}),
    ...(status === 429 || status === 503
      ? { 'Retry-After': { type: 'integer', description: 'Seconds.' } }
      : {}),
    ...(status === 401 ? { 'WWW-Authenticate': { type: 'string' } } : {}),
  };
}

export const COMMON_HEADERS: Readonly<Record<string, JsonSchema>> = {
  'X-Request-ID': { type: 'string', description: 'Kept from the request when it is sane, else made.' },
};

export const LIMIT_HEADERS: Readonly<Record<string, JsonSchema>> = {
  'RateLimit-Policy': {
    type: 'string',
    description: 'The limit and its window in seconds: `"token";q=30;w=60`.',
  },
  RateLimit: {
    type: 'string',
    description: 'What is left, and seconds until the window ends: `"token";r=29;t=60`.',
  },
};
