import type { Answer } from './call.ts';

const NEW_FORMAT_SINCE = '2024-01-01';

/** GoTrue says no. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly reasons: readonly string[] | undefined;

  constructor(status: number, code: string, message: string, reasons?: readonly string[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.reasons = reasons;
  }
}

/** In the format of the version that the request names; without one, in the old. */
export function renderRefusal(refusal: Refusal, apiVersion: string | undefined): Answer {
  const weak = refusal.reasons === undefined ? {} : { weak_password: { reasons: refusal.reasons } };
  if (asksForNewFormat(apiVersion)) {
    return {
      status: refusal.status,
      headers: { 'x-supabase-api-version': NEW_FORMAT_SINCE, 'x-sb-error-code': refusal.code },
      body: { code: refusal.code, message: refusal.message, ...weak },
    };
  }
  return {
    status: refusal.status,
    headers: { 'x-sb-error-code': refusal.code },
    body: {
      code: refusal.status,
      error_code: refusal.code,
      msg: refusal.message,
      ...(refusal.status >= 500 ? { error_id: crypto.randomUUID() } : {}),
      ...weak,
    },
  };
}

function asksForNewFormat(version: string | undefined): boolean {
  if (version === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(version)) return false;
  return !Number.isNaN(Date.parse(version)) && version >= NEW_FORMAT_SINCE;
}
