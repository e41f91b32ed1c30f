import { ConfigError, type ConfigFault } from '#config';
import { type FieldError, isServiceError } from '#errors';
import type { Output } from './output.ts';
import { withRemedy } from './remedies.ts';

/** What a command that did not succeed says on stderr, as text or, with `--json`, as JSON. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  /** One sentence saying what to do. */
  readonly remedy: string | null;
  readonly errors?: readonly FieldError[];
  readonly faults?: readonly ConfigFault[];
  /** Why the database cannot be reached, or does not do it, in its own words or its driver's. */
  readonly cause?: string;
  /** Where a fault of our own came from. */
  readonly stack?: string;
  readonly exitCode: 1 | 2;
}

/** @param commandLine the command that failed, without arguments: `roles grant`. */
export function describeFailure(error: unknown, commandLine: string): Failure {
  if (error instanceof ConfigError) return configurationFailure(error);
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const { detail, remedy } = withRemedy(code, message, commandLine);
  const failure = { code, detail, remedy, exitCode: 1 } as const;
  if (SAID_BY_THE_DATABASE.includes(code)) return { ...failure, ...causeOf(error) };
  if (isServiceError(error))
    return error.fields === undefined ? failure : { ...failure, errors: error.fields };
  const stack = error instanceof Error ? error.stack : undefined;
  return code === 'internal' && stack !== undefined ? { ...failure, stack } : failure;
}

const SAID_BY_THE_DATABASE: readonly string[] = ['database_unavailable', 'migration_failed'];

/** Callers of the API are not told why the database is away; whoever holds its password is. */
function causeOf(error: unknown): { cause?: string } {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return {};
  const code = 'code' in cause ? String(cause.code) : cause.name;
  return { cause: cause.message === '' ? code : cause.message };
}

function configurationFailure({ faults }: ConfigError): Failure {
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  return {
    code: 'configuration',
    detail: `The configuration has ${count}.`,
    remedy: 'docs/configuration.md describes every variable; check again with: auth-service config check',
    faults,
    exitCode: 1,
  };
}

function codeOf(error: unknown): string {
  if (isServiceError(error)) return error.code;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return 'port_in_use';
  if (code === 'EACCES' || code === 'EPERM') return 'permission_denied';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'address_not_available';
  return 'internal';
}

export function renderFailure(failure: Failure, output: Output): string {
  const { exitCode: _, ...publicPart } = failure;
  if (output.json) return `${JSON.stringify(publicPart)}\n`;
  const lines = [`${output.alarm('error:')} ${failure.detail}`];
  if (failure.cause !== undefined) lines.push(`  ${failure.cause}`);
  for (const { field, message } of failure.errors ?? []) lines.push(`  ${field}: ${message}`);
  if (failure.faults !== undefined) lines.push('', renderFaults(failure.faults, output), '');
  if (failure.stack !== undefined) lines.push('', failure.stack, '');
  if (failure.remedy !== null) lines.push(failure.remedy);
  return `${lines.join('\n')}\n`;
}

/** Faults or warnings of the configuration, one block each: variable, problem, remedy. */
export function renderFaults(faults: readonly ConfigFault[], output: Output): string {
  return faults
    .map(({ variable, problem, remedy }) => `  ${output.strong(variable)} ${problem}\n    → ${remedy}`)
    .join('\n');
}
