import type { PersonRights } from '#storage';
import type { Refusal } from '../refusal.ts';
import { type Finding, fault, ok } from './findings.ts';

/** What the probe user says of itself, and nobody may believe. */
export const PRETENDED = 'paservices-doctor-pretends';

const SWITCH_ON =
  'Self-hosted: below auth: environment: set GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED: "true" and GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI: "pg-functions://postgres/auth_service_data/custom_access_token_hook", then `docker compose up -d auth`. Cloud: Authentication → Hooks → Customize Access Token (JWT) Claims.';

const FOREIGN_HOOK =
  'The hook is answered by another function, or by another database than this service has.';
const POINT_HERE =
  "Point AUTH_SERVICE_DATABASE_URL to Supabase's own database and run `auth-service migrate up`.";

/** @param held what our database says of the same user; null where it could not be asked */
export function judgeHook(appMetadata: unknown, held: PersonRights | null): Finding {
  const { roles, permissions } = (appMetadata ?? {}) as Readonly<Record<string, unknown>>;
  if (!isList(roles) || !isList(permissions)) {
    return fault('hook', {
      detail: 'Tokens carry no roles and permissions.',
      cause: 'The access token hook is off, or names another function than ours.',
      remedy: SWITCH_ON,
    });
  }
  if ([...roles, ...permissions].includes(PRETENDED)) {
    return fault('hook', {
      detail: 'Tokens carry roles that users give themselves (user_metadata).',
      cause: 'Another function than ours is the access token hook.',
      remedy: SWITCH_ON,
    });
  }
  if (held === null) {
    return ok('hook', 'Tokens carry roles and permissions; they could not be compared with the database.');
  }
  if (isSame(roles, held.roles) && isSame(permissions, held.permissions)) {
    return ok('hook', 'Tokens carry the roles and permissions of this database.');
  }
  return fault('hook', {
    detail: `Tokens carry other rights than this database gives: the roles ${list(roles)} in place of ${list(held.roles)}.`,
    cause: FOREIGN_HOOK,
    remedy: `${POINT_HERE} ${SWITCH_ON}`,
  });
}

/** Of a probe user whose profile is deactivated: nothing may be said. @returns null when nothing is */
export function judgeHookOfDeactivated(appMetadata: unknown): Finding | null {
  const { roles, permissions } = (appMetadata ?? {}) as Readonly<Record<string, unknown>>;
  const held = [roles, permissions].filter(isList).flat();
  if (held.length === 0) return null;
  return fault('hook', {
    detail: `Tokens carry other rights than this database gives: ${list(held)}, of somebody who is deactivated here.`,
    cause: FOREIGN_HOOK,
    remedy: `${POINT_HERE} ${SWITCH_ON}`,
  });
}

/** Null: the log-in was refused for another reason. */
export function judgeFailedHook({ status, code, message }: Refusal): Finding | null {
  const isOfHook = code.startsWith('hook_') || (status >= 500 && /\bhook\b|output claims/i.test(message));
  if (!isOfHook) return null;
  return fault('hook', {
    detail: `Nobody can log in, since the access token hook fails: ${message}.`,
    cause:
      "Supabase's database has no such function, or Supabase Auth may not call it, or it does not answer as it should.",
    remedy:
      'Run `auth-service migrate up` with AUTH_SERVICE_DATABASE_URL pointing to Supabase\'s own database. If it names another function: GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI: "pg-functions://postgres/auth_service_data/custom_access_token_hook".',
  });
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isSame(ones: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify([...ones].sort()) === JSON.stringify([...others].sort());
}

function list(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.join(', ');
}
