/**
 * errors: the one error class of the product and the catalogue of its codes.
 * Rooms throw `new ServiceError(code, …)`; they know no HTTP. `http/replies` turns a code into a status and a dialect.
 * The message is public. The cause is private: it is logged, never sent.
 */
import { CATALOGUE, type ErrorCode } from './catalogue.ts';

export { CATALOGUE, type ErrorCode } from './catalogue.ts';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ServiceErrorOptions {
  readonly cause?: unknown;
  /** Which fields were wrong, for `validation_failed`. */
  readonly fields?: readonly FieldError[];
  /** Seconds after which another try makes sense. */
  readonly retryAfterSeconds?: number;
}

export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  /** @param message public sentence saying what to do next; the catalogue's own when left out. */
  constructor(code: ErrorCode, message?: string, options: ServiceErrorOptions = {}) {
    super(message ?? CATALOGUE[code], options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

export function isServiceError(value: unknown, code?: ErrorCode): value is ServiceError {
  return value instanceof ServiceError && (code === undefined || value.code === code);
}
