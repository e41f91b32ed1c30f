/**
 * observability: what the service says about itself. Owns log lines (one JSON object each, or readable text on a
 * terminal), the request context that travels with asynchronous work, and redaction: no secret, token, password,
 * cookie or full e-mail address leaves through a log line, whatever the caller passed.
 * May use: pino. Does not: decide what is worth logging, read the environment, or know HTTP.
 */
export { type ErrorContext, errorContext } from './error-context.ts';
export { createLogger, type LoggerOptions, type RootLogger } from './logger.ts';
export { currentRequest, currentRequestId, type RequestContext, runWithRequest } from './request-context.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/**
 * What stands beside the message, in snake_case. Values under telling names (`password`, `client_secret`, …) and
 * values that look like secrets are replaced, e-mail addresses masked, huge values cut. An `Error` is written as
 * `errorContext` tells it. `request_id` may be given for work outside its request.
 */
export type LogContext = Readonly<Record<string, unknown>>;

/** Logging never throws. */
export interface Logger {
  debug(message: string, context?: LogContext): void;
  info(message: string, context?: LogContext): void;
  warning(message: string, context?: LogContext): void;
  error(message: string, context?: LogContext): void;
  critical(message: string, context?: LogContext): void;
  /** The same log under another room's name (not below this one's). For rooms, not for requests: it is not cheap. */
  child(room: string): Logger;
  isEnabled(level: LogLevel): boolean;
}
