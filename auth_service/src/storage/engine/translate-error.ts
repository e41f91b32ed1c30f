import { type ErrorCode, isServiceError, ServiceError } from '#errors';

/** SQLSTATE (PostgreSQL, appendix A), whole or by class. What is not named here is a fault of ours and stays as it is. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  '23505': 'already_exists', // unique_violation
  '23P01': 'already_exists', // exclusion_violation
  '23503': 'not_found', // foreign_key_violation
  '23514': 'validation_failed', // check_violation
  '22001': 'validation_failed', // string_data_right_truncation
  '22P02': 'validation_failed', // invalid_text_representation
  '22021': 'validation_failed', // character_not_in_repertoire
  '22P05': 'validation_failed', // untranslatable_character
  '3F000': 'schema_behind', // invalid_schema_name
  '42P01': 'schema_behind', // undefined_table
  '25006': 'database_unavailable', // read_only_sql_transaction: connected to a standby
  '25P03': 'database_unavailable', // idle_in_transaction_session_timeout
  '3D000': 'database_unavailable', // invalid_catalog_name
  '40001': 'database_unavailable', // serialization_failure
  '40P01': 'database_unavailable', // deadlock_detected
  '55P03': 'database_unavailable', // lock_not_available
  '57014': 'database_unavailable', // query_canceled: statement_timeout
  '57P01': 'database_unavailable', // admin_shutdown
  '57P02': 'database_unavailable', // crash_shutdown
  '57P03': 'database_unavailable', // cannot_connect_now
  '57P05': 'database_unavailable', // idle_session_timeout
  '08': 'database_unavailable', // connection exception
  '28': 'database_unavailable', // invalid authorization
  '53': 'database_unavailable', // insufficient resources, 53300 among them
};

/** Errors of Node's sockets, and of pg where it gives no code. */
const LOST_CONNECTION =
  /^(?:ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT|EACCES)|Connection terminated|not queryable|connection error|timeout exceeded when trying to connect|has been discarded|Client was closed/i;

/** @returns a `ServiceError` that carries the original as its cause, or the error itself. */
export function translateError(error: unknown): unknown {
  if (isServiceError(error) || !(error instanceof Error)) return error;
  const state = codeOf(error);
  if (metNewPartition(error, state)) return unavailable(error);
  const code = CODES[state] ?? CODES[state.slice(0, 2)];
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(state)) return serviceError(code, error);
  if (LOST_CONNECTION.test(state) || LOST_CONNECTION.test(error.message)) return unavailable(error);
  return error;
}

export function unavailable(cause: unknown): ServiceError {
  return isServiceError(cause) ? cause : serviceError('database_unavailable', cause);
}

function serviceError(code: ErrorCode, cause: unknown): ServiceError {
  return new ServiceError(code, undefined, {
    cause,
    ...(code === 'database_unavailable' ? { retryAfterSeconds: 1 } : {}),
  });
}

/** The month's partition was attached while this row was on its way past it: once more, and the row finds it. */
function metNewPartition(error: Error, state: string): boolean {
  return state === '23514' && 'table' in error && error.table === 'audit_events_default';
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
