const MAX_CAUSES = 5;
const MAX_GATHERED = 5;
const MAX_STACK = 8192;

export interface ErrorContext {
  readonly code?: string;
  /** Name, message and where it was thrown, as far as it is known. */
  readonly stack?: string;
  readonly cause?: ErrorContext;
  /** Those of an AggregateError; the first few. */
  readonly errors?: readonly ErrorContext[];
}

/**
 * What a log line says about something that was thrown: `logger.error('…', { error: errorContext(error) })`.
 * Never throws. Properties that drivers attach (values of rows, request bodies) stay out.
 */
export function errorContext(error: unknown): ErrorContext {
  return describe(error, MAX_CAUSES);
}

function describe(error: unknown, causesLeft: number): ErrorContext {
  if (typeof error !== 'object' || error === null) return { stack: textOf(error) };
  const { code, stack, cause, errors } = read(error);
  return {
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    stack,
    ...(cause === undefined || causesLeft === 0 ? {} : { cause: describe(cause, causesLeft - 1) }),
    ...(errors === undefined || causesLeft === 0
      ? {}
      : { errors: errors.map((one) => describe(one, causesLeft - 1)) }),
  };
}

/** Getters of foreign objects may throw. */
function read(error: object): { code?: unknown; stack: string; cause?: unknown; errors?: unknown[] } {
  try {
    const { code, stack, name, message, cause, errors } = error as Record<string, unknown>;
    return {
      code,
      stack: typeof stack === 'string' ? stack.slice(0, MAX_STACK) : headline(name, message),
      cause,
      ...(Array.isArray(errors) ? { errors: errors.slice(0, MAX_GATHERED) } : {}),
    };
  } catch {
    return { stack: '[unreadable error]' };
  }
}

function headline(name: unknown, message: unknown): string {
  return [name, message].filter((part) => typeof part === 'string').join(': ') || '[no error object]';
}

function textOf(value: unknown): string {
  return String(value).slice(0, MAX_STACK);
}
