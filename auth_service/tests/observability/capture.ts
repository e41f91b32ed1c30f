import { createLogger, type LoggerOptions, type RootLogger } from '#observability';

export interface Capture {
  readonly logger: RootLogger;
  readonly lines: readonly string[];
  /** The newest line, parsed. */
  last(): Record<string, unknown>;
}

export function captureLog(options: Partial<LoggerOptions> = {}): Capture {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'DEBUG',
    environment: 'testing',
    pretty: false,
    now: () => new Date('2026-02-03T04:05:06.789Z'),
    ...options,
    write: (line) => void lines.push(line),
  });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') };
}
