import type { LogContext, Logger, LogLevel } from '#observability';

export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly context: LogContext | undefined;
}

export interface RecordingLogger extends Logger {
  /** What was logged, by children too. */
  readonly lines: LoggedLine[];
}

/** Writes nothing anywhere. */
export function createRecordingLogger(): RecordingLogger {
  const lines: LoggedLine[] = [];
  const at = (level: LogLevel) => (message: string, context?: LogContext) => {
    lines.push({ level, message, context });
  };
  const logger: RecordingLogger = {
    lines,
    debug: at('DEBUG'),
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    critical: at('CRITICAL'),
    child: () => logger,
    isEnabled: () => true,
  };
  return logger;
}
