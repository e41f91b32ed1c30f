import type { RedirectsConfig } from '../config.ts';
import { list } from '../parsers/parser.ts';
import { isUnprotected, pageUrl } from '../parsers/urls.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, variable } from '../variable.ts';

export const redirectsSection = {
  title: 'Redirects',
  about: 'Where people may be sent. A target that is not listed falls back to the configured page.',
  variables: {
    allowList: variable({
      name: 'REDIRECT_ALLOW_LIST',
      parser: list(pageUrl, 'full URLs of pages, by comma'),
      default: '',
      example: 'https://app.your_domain.com/welcome',
      description: 'Full URLs, by comma, that a login may end at. No wildcards.',
    }),
    passwordReset: variable({
      name: 'PASSWORD_RESET_REDIRECT_URL',
      parser: pageUrl,
      example: 'https://app.your_domain.com/new-password',
      description: 'The page that the link of a password reset leads to.',
    }),
    emailConfirmation: variable({
      name: 'EMAIL_CONFIRMATION_REDIRECT_URL',
      parser: pageUrl,
      example: 'https://app.your_domain.com/welcome',
      description: 'The page that the link of an e-mail confirmation leads to.',
    }),
  },
} satisfies Section;

export function assembleRedirects(
  values: ValuesOf<typeof redirectsSection>,
  reading: Reading,
): RedirectsConfig {
  for (const key of ['allowList', 'passwordReset', 'emailConfirmation'] as const) {
    const pages = [values[key] ?? []].flat();
    if (!reading.isProduction || !pages.some(isUnprotected)) continue;
    const problem = 'leads to a page without https, where a session could be read on its way.';
    reading.warn(redirectsSection.variables[key], problem, 'Use https.');
  }
  return values;
}
