import type { ErrorCode, ServiceError } from '#errors';
import { STATUSES } from './statuses.ts';

/** RFC 6749 §5.2. */
export interface OauthError {
  readonly error: string;
  readonly error_description: string;
}

const OAUTH_CODES: ReadonlySet<ErrorCode> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
]);

export function oauthErrorOf(error: ServiceError): OauthError {
  return { error: oauthCode(error.code), error_description: printable(error.message) };
}

/** Codes of ours are unknown to OAuth clients; they get the registered one that comes nearest. */
function oauthCode(code: ErrorCode): string {
  if (OAUTH_CODES.has(code)) return code;
  const status = STATUSES[code];
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

/** RFC 6749 §5.2: printable ASCII without double quotes and backslashes. */
function printable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}
