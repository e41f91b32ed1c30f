import type { Config } from '../config.ts';
import { type RateLimit, rateLimit } from '../parsers/rate-limit.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, type Variable, variable } from '../variable.ts';

export const rateLimitsSection = {
  title: 'Rate limits',
  about:
    'As `N/second`, `N/minute`, `N/hour` or `N/day`; `off` switches a limit off. Counted by client address and, apart from it, by e-mail or client.',
  variables: {
    login: variable({
      name: 'RATE_LIMIT_LOGIN',
      parser: rateLimit,
      default: '20/minute',
      description: 'Logins.',
    }),
    register: variable({
      name: 'RATE_LIMIT_REGISTER',
      parser: rateLimit,
      default: '10/minute',
      description: 'Registrations.',
    }),
    token: variable({
      name: 'RATE_LIMIT_TOKEN',
      parser: rateLimit,
      default: '30/minute',
      description: 'Token requests of machines. A client can have its own limit.',
    }),
    passwordReset: variable({
      name: 'RATE_LIMIT_PASSWORD_RESET',
      parser: rateLimit,
      default: '5/minute',
      description: 'Requests that send a mail: password reset, magic link, confirmation once more.',
    }),
    mfa: variable({
      name: 'RATE_LIMIT_MFA',
      parser: rateLimit,
      default: '15/minute',
      description: 'Challenges and codes of the second factor.',
    }),
  },
} satisfies Section;

export function assembleRateLimits(
  values: ValuesOf<typeof rateLimitsSection>,
  reading: Reading,
): Config['rateLimits'] {
  const { variables } = rateLimitsSection;
  const limitOf = (value: RateLimit | 'off', variable: Variable): RateLimit | null => {
    if (value !== 'off') return value;
    if (reading.isProduction) {
      reading.warn(variable, 'is off, so that anybody may try as often as they like.', 'Set a limit.');
    }
    return null;
  };
  return {
    login: limitOf(values.login, variables.login),
    register: limitOf(values.register, variables.register),
    token: limitOf(values.token, variables.token),
    passwordReset: limitOf(values.passwordReset, variables.passwordReset),
    mfa: limitOf(values.mfa, variables.mfa),
  };
}
