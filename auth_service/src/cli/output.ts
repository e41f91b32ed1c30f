import { styleText } from 'node:util';

/** Where text goes: a process's own stream, or anything that takes a string. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Output {
  /** `--json` was asked for. */
  readonly json: boolean;
  /** Stdout is read by a person. */
  readonly isTerminal: boolean;
  readonly width: number;
  /** The command's one result: JSON when asked for, the text otherwise. */
  result(json: unknown, text: () => string): void;
  /** A remark beside the result, on stderr; not with `--json`. */
  note(text: string): void;
  fields(pairs: readonly (readonly [name: string, value: string | null])[]): string;
  table(columns: readonly string[], rows: readonly (readonly (string | null)[])[]): string;
  strong(text: string): string;
  alarm(text: string): string;
}

export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly isTerminal: boolean;
  /** NO_COLOR as it is in the environment: any value but none means no colours (no-color.org). */
  readonly noColor: string | undefined;
  readonly json: boolean;
}

type Style = Parameters<typeof styleText>[0];

const DEFAULT_WIDTH = 100;

export function createOutput({ stdout, stderr, isTerminal, noColor, json }: OutputOptions): Output {
  const hasColors = noColor === undefined || noColor === '';
  const paint = (allowed: boolean, style: Style) => (text: string) =>
    allowed && hasColors ? styleText(style, text, { validateStream: false }) : text;
  const strong = paint(isTerminal, 'bold');
  return {
    json,
    isTerminal,
    width: stdout.columns ?? DEFAULT_WIDTH,
    result(value, text) {
      stdout.write(`${json ? JSON.stringify(value, null, isTerminal ? 2 : 0) : text()}\n`);
    },
    note(text) {
      if (!json) stderr.write(`${text}\n`);
    },
    fields(pairs) {
      const width = Math.max(...pairs.map(([name]) => name.length));
      const name = (text: string) => (isTerminal ? strong(text.padEnd(width + 2)) : `${text}\t`);
      return pairs.map(([label, value]) => `${name(label)}${printable(value)}`).join('\n');
    },
    table(columns, rows) {
      const cells = rows.map((row) => row.map(printable));
      if (!isTerminal) return [columns, ...cells].map((row) => row.join('\t')).join('\n');
      const widths = columns.map((column, index) =>
        Math.max(column.length, ...cells.map((row) => row[index]?.length ?? 0)),
      );
      const line = (row: readonly string[]) =>
        row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd();
      return [strong(line(columns.map((column) => column.toUpperCase()))), ...cells.map(line)].join('\n');
    },
    strong,
    alarm: paint(stderr.isTTY === true, 'red'),
  };
}

/** Names and descriptions come from callers: what would move a terminal's cursor or break a row is shown harmless. */
function printable(value: string | null): string {
  if (value === null || value === '') return '-';
  return value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
