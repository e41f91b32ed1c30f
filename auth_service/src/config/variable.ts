import type { Parser } from './parsers/parser.ts';

export const ENVIRONMENTS = ['development', 'testing', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** `secret-in-url`: the password within the URL is the secret, the rest of it may be shown. */
export type Secrecy = 'public' | 'secret' | 'secret-in-url';

/** A default that differs between development and testing (`local`) and staging and production (`production`). */
export interface DefaultByEnvironment {
  readonly local: string;
  readonly production: string;
}

export interface Variable<T = unknown> {
  /** The documented name. Every name is also read with and without the prefix AUTH_SERVICE_. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly parser: Parser<T>;
  /** In the notation of the variable itself, so that the one parser reads it and the documents print it. */
  readonly default: string | DefaultByEnvironment | null;
  /** For the documents, where the default depends on other variables. */
  readonly defaultMeaning: string | null;
  readonly description: string;
  readonly secrecy: Secrecy;
  /** What the example file shows; `your_…` where the deployer must put the own value. */
  readonly example: string | null;
  /** The empty string is a value, not "unset". */
  readonly isEmptyMeaningful: boolean;
}

interface Definition<T> {
  readonly name: string;
  readonly parser: Parser<T>;
  readonly description: string;
  readonly aliases?: readonly string[];
  readonly defaultMeaning?: string;
  readonly secrecy?: Secrecy;
  readonly example?: string;
  readonly isEmptyMeaningful?: boolean;
}

type Default = { readonly default: string | DefaultByEnvironment };

/** With a default its value is always there; without one it is null when unset. */
export function variable<T>(definition: Definition<T> & Default): Variable<T>;
export function variable<T>(definition: Definition<T>): Variable<T | null>;
export function variable<T>(definition: Definition<T> & Partial<Default>): Variable<T> {
  return {
    aliases: [],
    default: null,
    defaultMeaning: null,
    secrecy: 'public',
    example: null,
    isEmptyMeaningful: false,
    ...definition,
  };
}

export interface Section<V extends Readonly<Record<string, Variable>> = Readonly<Record<string, Variable>>> {
  readonly title: string;
  readonly about: string;
  readonly variables: V;
  /** Documented patterns, such as OIDC_<NAME>_ISSUER, that stand for any number of variables. */
  readonly patterns?: readonly Variable[];
}

export type ValuesOf<S extends Section> = {
  readonly [K in keyof S['variables']]: S['variables'][K] extends Variable<infer T> ? T : never;
};

export function defaultOf(variable: Variable, isProduction: boolean): string | null {
  if (variable.default === null || typeof variable.default === 'string') return variable.default;
  return isProduction ? variable.default.production : variable.default.local;
}
