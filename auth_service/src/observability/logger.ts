import pino from 'pino';
import { createContextCleaner, cutText } from './context-cleaner.ts';
import type { LogContext, Logger, LogLevel } from './index.ts';
import { createPrettifier } from './pretty.ts';
import { redactLine } from './redact-line.ts';
import { currentRequestId } from './request-context.ts';
import { type LineWriter, openStdout } from './stdout.ts';

export interface LoggerOptions {
  /** Lines below it are not written. */
  readonly level: LogLevel;
  readonly environment: string;
  /** Text for a person instead of JSON. */
  readonly pretty: boolean;
  /** Takes each finished line, line feed included. Default: standard output. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

export interface RootLogger extends Logger {
  /** Everything logged so far is out when this returns. */
  flush(): void;
}

const RANKS = { DEBUG: 20, INFO: 30, WARNING: 40, ERROR: 50, CRITICAL: 60 } as const;

type Method = 'debug' | 'info' | 'warning' | 'error' | 'critical';
type Write = (message: string, context?: LogContext) => void;

/** The service's log; its lines carry the logger name `auth-service` until a room takes a `child`. */
export function createLogger(options: LoggerOptions): RootLogger {
  const out = openOutput(options);
  const sink = createSink(options, out);
  const cleanInto = createContextCleaner();
  const threshold = RANKS[options.level];

  function named(room: string): Logger {
    const lines = sink.child({ logger: room, environment: options.environment });

    function writer(method: Method, level: LogLevel): Write {
      if (RANKS[level] < threshold) return () => {};
      return (message, context) => {
        try {
          const record: Record<string, unknown> = {
            message: cutText(String(message)),
            request_id: currentRequestId(),
          };
          if (context !== undefined && context !== null) cleanInto(record, context);
          lines[method](record);
          if (RANKS[level] >= RANKS.ERROR) out.flush();
        } catch {
          // A line that cannot be written must not take down what it tells about.
        }
      };
    }

    return {
      debug: writer('debug', 'DEBUG'),
      info: writer('info', 'INFO'),
      warning: writer('warning', 'WARNING'),
      error: writer('error', 'ERROR'),
      critical: writer('critical', 'CRITICAL'),
      child: named,
      isEnabled: (level) => RANKS[level] >= threshold,
    };
  }

  return { ...named('auth-service'), flush: out.flush };
}

function openOutput({ write }: LoggerOptions): LineWriter {
  return write === undefined ? openStdout() : { write, flush: () => {} };
}

function createSink({ level, pretty, now = () => new Date() }: LoggerOptions, out: LineWriter) {
  const prettify = pretty ? createPrettifier() : undefined;
  return pino<Method, true>(
    {
      level: level.toLowerCase(),
      customLevels: {
        debug: RANKS.DEBUG,
        info: RANKS.INFO,
        warning: RANKS.WARNING,
        error: RANKS.ERROR,
        critical: RANKS.CRITICAL,
      },
      useOnlyCustomLevels: true,
      base: null,
      timestamp: createTimestamp(now),
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    {
      write(line: string) {
        const safe = redactLine(line);
        out.write(prettify === undefined ? safe : prettify(safe));
      },
    },
  );
}

/** Formatting a date costs as much as half a line: lines of one millisecond share it. */
function createTimestamp(now: () => Date): () => string {
  let lastMs = Number.NaN;
  let text = '';
  return () => {
    const date = now();
    if (date.getTime() !== lastMs) {
      lastMs = date.getTime();
      text = `,"timestamp":"${date.toISOString()}"`;
    }
    return text;
  };
}
