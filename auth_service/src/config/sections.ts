import { bareName } from './lookup.ts';
import { administratorSection } from './sections/administrator.ts';
import { backupSection } from './sections/backup.ts';
import { databaseSection, redisSection } from './sections/database.ts';
import { identitySection } from './sections/identity.ts';
import { mailSection } from './sections/mail.ts';
import { operationsSection } from './sections/operations.ts';
import { rateLimitsSection } from './sections/rate-limits.ts';
import { redirectsSection } from './sections/redirects.ts';
import { serviceSection } from './sections/service.ts';
import { socialLoginSection } from './sections/social-login.ts';
import { tokensSection } from './sections/tokens.ts';
import { defaultOf, type Section, type Variable } from './variable.ts';

/** The whole schema, in the order of the documents. */
export const SECTIONS: readonly Section[] = [
  serviceSection,
  identitySection,
  databaseSection,
  redisSection,
  tokensSection,
  administratorSection,
  rateLimitsSection,
  redirectsSection,
  socialLoginSection,
  mailSection,
  operationsSection,
  backupSection,
];

export interface VariableDoc {
  /** With `<NAME>` where it stands for any number of variables. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly section: string;
  /** In words or in the variable's notation; null: none. */
  readonly default: string | null;
  readonly description: string;
  readonly isSecret: boolean;
  readonly example: string | null;
}

function variablesOf(section: Section): readonly Variable[] {
  return [...Object.values(section.variables), ...(section.patterns ?? [])];
}

/** Every variable the service reads. */
export const VARIABLES: readonly VariableDoc[] = SECTIONS.flatMap((section) =>
  variablesOf(section).map((each) => ({
    name: each.name,
    aliases: each.aliases,
    section: section.title,
    default: each.defaultMeaning ?? defaultText(each),
    description: each.description,
    isSecret: each.secrecy !== 'public',
    example: each.example ?? defaultOf(each, true),
  })),
);

/** Bare names and aliases of all variables, patterns apart. */
export const KNOWN_NAMES: ReadonlySet<string> = new Set(
  SECTIONS.flatMap((section) =>
    Object.values(section.variables).flatMap((each) => [each.name, ...each.aliases].map(bareName)),
  ),
);

function defaultText(variable: Variable): string | null {
  const text = variable.default;
  if (text === null || text === '') return null;
  if (typeof text === 'string') return `\`${text}\``;
  return `\`${text.local}\` in development and testing, else \`${text.production}\``;
}
