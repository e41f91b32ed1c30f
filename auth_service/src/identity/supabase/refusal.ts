import { ServiceError } from '#errors';

const LONGEST_WAIT_SECONDS = 3_600;

/** GoTrue said no. Within this folder; each verb says what it means for its caller. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** GoTrue's `error_code`; empty where a gateway answered. */
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, retryAfter: string | null) {
    super(`${status} ${code}: ${message}`);
    this.status = status;
    this.code = code;
    const seconds = /^[0-9]+$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined;
    this.retryAfterSeconds =
      seconds === undefined ? undefined : Math.min(Math.max(seconds, 1), LONGEST_WAIT_SECONDS);
  }

  /** Of an answer as it came. Both of GoTrue's formats. */
  static of(status: number, body: unknown, retryAfter: string | null): Refusal {
    const { error_code, code, msg, message } = (body ?? {}) as Record<string, unknown>;
    const name = [error_code, code].find((value) => typeof value === 'string');
    const text = [msg, message].find((value) => typeof value === 'string');
    return new Refusal(status, String(name ?? ''), String(text ?? ''), retryAfter);
  }
}

export function isRefusal(error: unknown, ...codes: readonly string[]): error is Refusal {
  return error instanceof Refusal && (codes.length === 0 || codes.includes(error.code));
}

const OF_OUR_KEYS = ['not_admin', 'no_authorization', 'bad_jwt', 'unexpected_audience'];

/** What a refusal means where the verb has no meaning of its own for it; what is none is passed on. */
export function meaningOf(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  const { status, code, retryAfterSeconds } = error;
  const cause = error;
  if (status === 429) {
    return new ServiceError('rate_limited', undefined, { cause, retryAfterSeconds: retryAfterSeconds ?? 60 });
  }
  if (status >= 500 || status === 409 || status === 408) {
    return new ServiceError('identity_unavailable', undefined, { cause, retryAfterSeconds: 1 });
  }
  if (code === 'insufficient_aal') return new ServiceError('insufficient_aal', undefined, { cause });
  // Without a code a gateway has answered: the key is wrong, or the path is.
  if (code === '' || OF_OUR_KEYS.includes(code)) {
    return new ServiceError('identity_misconfigured', undefined, { cause });
  }
  return new ServiceError('identity_refused', undefined, { cause });
}

/** A refusal with one of these codes means this. */
export function whenRefused(
  meanings: readonly (readonly [readonly string[], () => ServiceError])[],
): (error: unknown) => never {
  return (error) => {
    const meaning = meanings.find(([codes]) => isRefusal(error, ...codes));
    throw meaning === undefined ? meaningOf(error) : meaning[1]();
  };
}
