import { STATUS_CODES } from 'node:http';
import type { FieldError, ServiceError } from '#errors';
import { STATUSES } from './statuses.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** RFC 9457. `type` says that the status alone is the type; what sets errors of one status apart is `code`. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
}

export function problemOf(error: ServiceError, requestId: string): Problem {
  const status = STATUSES[error.code];
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
    code: error.code,
    request_id: requestId,
    ...(error.fields === undefined ? {} : { errors: error.fields }),
  };
}
