import { type EnvironmentTexts, type Found, lookUp, type ReadFile } from './lookup.ts';
import { mask, quote } from './masking.ts';
import { findPlaceholder } from './placeholders.ts';
import { createReport, type Report } from './report.ts';
import { defaultOf, type Environment, type Section, type ValuesOf, type Variable } from './variable.ts';

/** What one variable came to, safe to print: secrets are masked already. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  /** The name it was found under, or `default`. */
  readonly source: string;
}

/** One pass over the environment. The rules of the sections add their faults and warnings to it. */
export interface Reading extends Report {
  readonly environment: Environment;
  readonly isProduction: boolean;
  readonly settings: readonly Setting[];
  /** The value; that of the default (or null) where the variable is unset or at fault. */
  read<T>(variable: Variable<T>): T;
  readSection<S extends Section>(section: S): ValuesOf<S>;
}

export function createReading(
  texts: EnvironmentTexts,
  readFile: ReadFile,
  environment: Environment,
): Reading {
  const isProduction = environment === 'staging' || environment === 'production';
  const report = createReport();
  const settings: Setting[] = [];

  function read<T>(variable: Variable<T>): T {
    const found = lookUp(variable, texts, readFile);
    settings.push(settingOf(variable, found, isProduction));
    if (found.kind !== 'unset') report.foundAs(variable, found.name);
    if (found.kind === 'fault') report.fault(variable, found.problem, found.remedy);
    const value = found.kind === 'text' ? interpret(variable, found.text, isProduction, report) : undefined;
    return value === undefined ? valueOfDefault(variable, isProduction) : value;
  }

  function readSection<S extends Section>(section: S): ValuesOf<S> {
    const entries = Object.entries(section.variables).map(([key, each]) => [key, read(each)]);
    return Object.fromEntries(entries) as ValuesOf<S>;
  }

  return { ...report, environment, isProduction, settings, read, readSection };
}

function settingOf(variable: Variable, found: Found, isProduction: boolean): Setting {
  const { name } = variable;
  if (found.kind === 'text') return { name, value: mask(found.text, variable.secrecy), source: found.name };
  return { name, value: defaultOf(variable, isProduction) || '(not set)', source: 'default' };
}

/** The value of a text, or undefined once its fault is reported. */
function interpret<T>(
  variable: Variable<T>,
  text: string,
  isProduction: boolean,
  report: Report,
): T | undefined {
  if (isRefusedPlaceholder(variable, text, isProduction, report)) return undefined;
  const parsed = variable.parser.parse(text);
  if (!('problem' in parsed)) {
    warnOfQuotes(variable, text, report);
    return parsed.value;
  }
  if (/^(tcp|udp|sctp):\/\//.test(text)) {
    report.fault(
      variable,
      'holds an address that Kubernetes injects for a Service of that name.',
      'Set `enableServiceLinks: false` in the pod, or give the Service another name.',
    );
  } else {
    const shown = quote(parsed.part ?? text, variable.secrecy);
    const remedy = parsed.remedy ?? `Set it to ${variable.parser.form}.`;
    report.fault(variable, `is wrong: ${shown} ${parsed.problem}.`, remedy);
  }
  return undefined;
}

function isRefusedPlaceholder(
  variable: Variable,
  text: string,
  isProduction: boolean,
  report: Report,
): boolean {
  const placeholder = findPlaceholder(text);
  if (placeholder === null) return false;
  // Of a secret only what the example file shows anyway.
  const isKnown = placeholder === findPlaceholder(variable.example ?? '');
  const shown = variable.secrecy === 'public' || isKnown ? ` (${placeholder})` : '';
  const say = isProduction ? report.fault : report.warn;
  say(variable, `still holds a placeholder of the guide${shown}.`, `Set it to ${variable.parser.form}.`);
  return isProduction;
}

function warnOfQuotes(variable: Variable, text: string, report: Report): void {
  if (!/^(["']).+\1$/s.test(text)) return;
  report.warn(
    variable,
    'is wrapped in quotes, which count as part of the value.',
    'Remove the quotes; `docker --env-file` does not strip them.',
  );
}

/** Without a default T includes null: the overloads of `variable` see to it. */
function valueOfDefault<T>(variable: Variable<T>, isProduction: boolean): T {
  const text = defaultOf(variable, isProduction);
  if (text === null) return null as T;
  const parsed = variable.parser.parse(text);
  if ('problem' in parsed) throw new Error(`the default of ${variable.name} ${parsed.problem}`);
  return parsed.value;
}
