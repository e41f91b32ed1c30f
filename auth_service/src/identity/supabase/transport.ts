import { setTimeout as sleep } from 'node:timers/promises';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleType,
} from 'cockatiel';
import { ServiceError } from '#errors';
import { currentRequest, errorContext } from '#observability';
import type { Device } from '../types.ts';
import { type Answer, BYTES_MAX_FOR_SERVICE, OutageError, OversizeError, readAnswer } from './answer.ts';
import type { SupabaseDependencies, SupabaseSettings } from './dependencies.ts';
import { isSecretKey } from './key-kinds.ts';

/** For one request with its repetition. Together with the question after a fault it is less than three seconds. */
const DEADLINE_MS = 2_000;
const HEALTH_DEADLINE_MS = 700;
/** GoTrue sends the mail before it answers. Waited for only as long as it says that it is well. */
export const SIGN_UP_DEADLINE_MS = 8_000;
const SIGN_UP = '/signup';
const REPEATED_AFTER_MS = 50;
/** Under way at a time; beyond them nobody waits, so that a slow GoTrue does not take the places of machines. */
const UNDER_WAY_AT_MOST = 200;
/** Between two questions whether it is back. They are ours: nobody's request is spent on finding out. */
const ASKED_EACH_MS = 1_000;
const USER_AGENT_LONGEST = 500;
/** Clocks that differ by more are broken: `auth-service doctor supabase` says so. */
const AHEAD_AT_MOST_MS = 30_000;

export interface Request {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Whom it is made for. Default: whose request is being served. */
  readonly device?: Device | undefined;
  /** Whether it may be sent twice. */
  readonly isSafe: boolean;
}

export interface Transport {
  /**
   * @param path below `/auth/v1`, with its query
   * @throws ServiceError `identity_unavailable`: not reached, too slow, cut off, or no JSON that could be GoTrue's.
   */
  send(path: string, request: Request): Promise<Answer>;
  /**
   * How far GoTrue's clock is ahead of ours, as its last answer told, and never behind. Milliseconds, up to one second
   * more than it is.
   */
  clockAheadMs(): number;
}

/** GoTrue over HTTP: bounded in time, size and number, and left alone for a moment when it is down. */
export function createTransport({ settings, logger, now }: SupabaseDependencies): Transport {
  const base = `${settings.url}/auth/v1`;
  const lanes = bulkhead(UNDER_WAY_AT_MOST, 0);
  // What goes wrong with a request opens nothing: a stranger can make one slow, or have it blocked on its way. What
  // opens it is that GoTrue does not even say that it is well.
  const circuit = circuitBreaker(handleType(OutageError), {
    // When it may be asked is for the timer to say, which no clock that is set back holds up.
    halfOpenAfter: Number.NEGATIVE_INFINITY,
    breaker: new ConsecutiveBreaker(1),
  });
  circuit.onBreak((reason) => {
    const error = 'error' in reason ? errorContext(reason.error) : undefined;
    if (!isDown) logger.warning('Supabase Auth cannot be reached; people are answered 503', { error });
    isDown = true;
    askLater();
  });
  circuit.onReset(() => {
    isDown = false;
    logger.info('Supabase Auth is back');
  });
  let isDown = false;
  let asking: Promise<void> | null = null;
  let isTimed = false;
  let aheadMs = 0;

  /** Whole seconds, cut off: less than one ahead may be none. */
  function lookAtClock({ headers }: Response): void {
    const ahead = Date.parse(headers.get('date') ?? '') - now().getTime();
    if (!Number.isNaN(ahead)) aheadMs = ahead > 0 ? Math.min(ahead + 1_000, AHEAD_AT_MOST_MS) : 0;
  }

  async function attempt(path: string, request: Request, deadline: AbortSignal): Promise<Answer> {
    const { method, headers, body } = request;
    try {
      const response = await fetch(base + path, {
        method,
        headers: { ...headers, ...callerHeaders(request.device, settings) },
        ...(body === undefined ? {} : { body }),
        redirect: 'manual',
        signal: deadline,
      });
      lookAtClock(response);
      return await readAnswer(response, path.startsWith('/admin/') ? BYTES_MAX_FOR_SERVICE : undefined);
    } catch (cause) {
      if (cause instanceof OutageError || cause instanceof OversizeError) throw cause;
      throw new OutageError(deadline.aborted ? 'no answer in time' : 'the connection failed', { cause });
    }
  }

  /** A longer wait ends as well when GoTrue does not say that it is well. */
  function patience(stop: AbortController): NodeJS.Timeout {
    return setTimeout(async () => {
      await askHealth();
      if (circuit.state !== CircuitState.Closed) stop.abort();
    }, DEADLINE_MS).unref();
  }

  async function attemptPatiently(path: string, request: Request): Promise<Answer> {
    const stop = new AbortController();
    const timer = patience(stop);
    try {
      const deadline = AbortSignal.any([AbortSignal.timeout(SIGN_UP_DEADLINE_MS), stop.signal]);
      return await attempt(path, request, deadline);
    } finally {
      clearTimeout(timer);
    }
  }

  async function attemptTwice(path: string, request: Request): Promise<Answer> {
    if (path.startsWith(SIGN_UP)) return await attemptPatiently(path, request);
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    try {
      return await attempt(path, request, deadline);
    } catch (error) {
      if (!request.isSafe || deadline.aborted || error instanceof OversizeError) throw error;
      await sleep(REPEATED_AFTER_MS);
      return await attempt(path, request, deadline);
    }
  }

  /** After a fault. When GoTrue does not even say that it is well, the next ones need not wait for theirs. */
  function askHealth(): Promise<void> {
    const question = async () => {
      try {
        await attempt('/health', healthRequest(settings), AbortSignal.timeout(HEALTH_DEADLINE_MS));
      } catch (cause) {
        throw cause instanceof OutageError ? cause : new OutageError('it does not say how it is', { cause });
      }
    };
    asking ??= circuit
      .execute(question)
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        asking = null;
      });
    return asking;
  }

  function askLater(): void {
    if (isTimed) return;
    isTimed = true;
    setTimeout(askUntilBack, ASKED_EACH_MS).unref();
  }

  async function askUntilBack(): Promise<void> {
    isTimed = false;
    if (circuit.state !== CircuitState.Closed) await askHealth();
    if (circuit.state !== CircuitState.Closed) askLater();
  }

  return {
    clockAheadMs: () => aheadMs,

    async send(path, request) {
      try {
        if (circuit.state !== CircuitState.Closed) throw new BrokenCircuitError();
        return await lanes.execute(() => attemptTwice(path, request));
      } catch (error) {
        if (error instanceof OutageError) await askHealth();
        throw unavailable(error);
      }
    },
  };
}

function healthRequest({ anonKey }: SupabaseDependencies['settings']): Request {
  return { method: 'GET', headers: { apikey: anonKey }, isSafe: true };
}

/** GoTrue limits by address: without them the whole fleet would be one caller. */
function callerHeaders(
  device: Device | undefined,
  { rateLimitHeader, serviceRoleKey }: SupabaseSettings,
): Record<string, string> {
  const ip = device?.ip ?? currentRequest()?.clientIp;
  // Supabase refuses a secret key in what looks like a browser.
  const isShown = !isSecretKey(serviceRoleKey);
  const userAgent = isShown ? device?.userAgent?.slice(0, USER_AGENT_LONGEST) : undefined;
  return {
    ...(ip === undefined ? {} : { 'sb-forwarded-for': ip, [rateLimitHeader]: ip }),
    ...(userAgent === undefined || userAgent === '' ? {} : { 'user-agent': userAgent }),
  };
}

function unavailable(cause: unknown): unknown {
  const isOurs =
    cause instanceof OutageError ||
    cause instanceof OversizeError ||
    cause instanceof BrokenCircuitError ||
    cause instanceof BulkheadRejectedError;
  return isOurs
    ? new ServiceError('identity_unavailable', undefined, { cause, retryAfterSeconds: 1 })
    : cause;
}
