import type { SupabaseSettings } from '../dependencies.ts';
import { type Finding, ok, type Trouble, warning } from './findings.ts';

/** @param kept the address that GoTrue has kept of the log-in; undefined where that cannot be seen */
export function judgeAddress(
  sent: string,
  kept: string | null | undefined,
  settings: SupabaseSettings,
): Finding {
  if (kept === sent) return ok('caller_address', "The caller's address gets through to Supabase Auth.");
  const remedy = remedyFor(settings);
  if (kept === undefined) {
    return warning('caller_address', {
      detail: "Whether the caller's address gets through to Supabase Auth could not be seen.",
      cause: 'It stands in auth.sessions, which cannot be read here.',
      remedy: `See the findings session_grants and shared_database. ${remedy}`,
    });
  }
  const trouble: Trouble = {
    detail: `Supabase Auth takes ${kept ?? 'no address'} for the caller, whoever calls.`,
    cause:
      'It does not believe the header in which this service passes the address on, so that its limits count everybody as one.',
    remedy,
  };
  return warning('caller_address', trouble);
}

function remedyFor({ rateLimitHeader }: SupabaseSettings): string {
  const header = rateLimitHeader.replace(/(?:^|-)./g, (letters) => letters.toUpperCase());
  return `Self-hosted: below auth: environment: set GOTRUE_SECURITY_SB_FORWARDED_FOR_ENABLED: "true", before 2026 GOTRUE_RATE_LIMIT_HEADER: "${header}", then \`docker compose up -d auth\`. Cloud: set SUPABASE_SERVICE_ROLE_KEY to the sb_secret_… key, and switch on Authentication → Rate Limits → IP Address Forwarding.`;
}
