import { isServiceError } from '#errors';
import { isRefusal } from '../refusal.ts';
import { type Finding, fault } from './findings.ts';
import { judgeFailedHook } from './hook.ts';

const REMEDIES: Readonly<Record<string, string>> = {
  captcha_failed:
    'Switch captcha protection off (GOTRUE_SECURITY_CAPTCHA_ENABLED: "false", cloud: Authentication → Attack Protection): nobody could solve one through this service.',
  email_provider_disabled:
    'Switch log-ins by e-mail on: GOTRUE_EXTERNAL_EMAIL_ENABLED: "true", in the cloud Authentication → Sign In / Providers → Email.',
  over_request_rate_limit:
    "Wait five minutes, and let Supabase Auth know the caller's address: docs/supabase.md, The address of the caller.",
};

/** Why the probe user was not let in. */
export function judgeLogIn(error: unknown): Finding {
  if (isRefusal(error)) {
    const ofHook = judgeFailedHook(error);
    if (ofHook !== null) return ofHook;
    return fault('probe', {
      detail: `The probe user could not log in: ${error.message}.`,
      cause: 'Supabase Auth refuses log-ins with a password that people would make too.',
      remedy: REMEDIES[error.code] ?? 'See with `docker compose logs auth` what it says of this log-in.',
    });
  }
  const isAway = isServiceError(error, 'identity_unavailable');
  return fault('probe', {
    detail: isAway
      ? 'The probe user could not log in: no usable answer within two seconds.'
      : 'The probe user could not log in.',
    cause: isAway
      ? 'Supabase Auth hangs, is overloaded, or waits for its database or a hook.'
      : `An unexpected fault: ${error instanceof Error ? error.message : String(error)}`,
    remedy: 'See with `docker compose logs auth` what it waits for, then run this again.',
  });
}
