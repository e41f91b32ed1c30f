import { isServiceError, ServiceError } from '#errors';
import { type Fault, fieldErrorsOf } from './field-errors.ts';

/** What Fastify throws, as far as anything here looks at it. */
interface FrameworkError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly validation?: readonly Fault[];
}

/** Whatever was thrown, in the product's own words. What nobody meant to throw becomes `internal`, with the cause. */
export function serviceErrorOf(thrown: unknown): ServiceError {
  if (isServiceError(thrown)) return thrown;
  const error: FrameworkError = typeof thrown === 'object' && thrown !== null ? thrown : {};
  if (error.validation !== undefined) {
    return new ServiceError('validation_failed', undefined, { fields: fieldErrorsOf(error.validation) });
  }
  if (error.code === 'FST_ERR_BAD_URL' || error.code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new ServiceError('invalid_request', 'The URL could not be read.');
  }
  switch (error.statusCode) {
    case 413:
      return new ServiceError('body_too_large');
    case 415:
      return new ServiceError('unsupported_media_type');
    case 400:
      return new ServiceError('malformed_body');
    default:
      return new ServiceError('internal', undefined, { cause: thrown });
  }
}
