import { isServiceError } from '#errors';
import type { SupabaseDependencies } from '../dependencies.ts';
import { type Finding, fault, ok, warning } from './findings.ts';

/** What `blindness` says where it is the role that is blind, and the tables are there. */
const OF_THE_ROLE = /\bthe role (\S+)/;

export interface DatabaseSight {
  readonly findings: readonly Finding[];
  /** Its stores may be asked. */
  readonly isCurrent: boolean;
  /** As `SupabaseAccountStore.blindness`. */
  readonly blindness: string | null;
  readonly time: { readonly time: Date; readonly at: Date } | null;
}

const NOTHING = { isCurrent: false, blindness: null, time: null };

/** Never throws. */
export async function lookAtDatabase({
  storage,
  now,
}: Pick<SupabaseDependencies, 'storage' | 'now'>): Promise<DatabaseSight> {
  const { supabaseAccounts: accounts, migrations } = storage;
  try {
    const { state } = await migrations.status();
    const time = { time: await accounts.clock(), at: now() };
    const connected = ok('database', 'The database answers.');
    const schema = judgeSchema(state);
    const blindness = await accounts.blindness();
    const findings = [connected, schema, ...judgeBlindness(blindness)];
    if (schema.status !== 'ok') return { ...NOTHING, findings, blindness, time };
    const rights = judgeHookRights(await accounts.hookRights());
    return { findings: [...findings, rights], isCurrent: true, blindness, time };
  } catch (error) {
    return { ...NOTHING, findings: [describeFailure(error)] };
  }
}

function judgeSchema(state: 'current' | 'behind' | 'ahead' | 'incompatible' | 'altered'): Finding {
  if (state === 'current' || state === 'ahead')
    return ok('schema', 'The schema is there, and this version can use it.');
  if (state === 'behind') {
    return fault('schema', {
      detail: 'The schema auth_service_data is missing or older than this version.',
      cause: 'The migrations of this version were not run on this database.',
      remedy: 'Run `auth-service migrate up`.',
    });
  }
  return fault('schema', {
    detail:
      state === 'altered'
        ? 'A migration that was applied differs from its file.'
        : 'The schema is newer than this version.',
    cause: 'Another version of auth-service has made this schema.',
    remedy: 'Run the version that made it; `auth-service migrate status` shows what is applied.',
  });
}

function judgeBlindness(blindness: string | null): Finding[] {
  if (blindness === null) return [ok('session_grants', 'auth.users and auth.sessions can be read.')];
  const role = OF_THE_ROLE.exec(blindness)?.[1];
  if (role === undefined) return [describeOtherDatabase(blindness)];
  const name = `"${role}"`;
  return [
    warning('session_grants', {
      detail: `The log-ins of people cannot be listed: ${blindness}.`,
      cause:
        'This service connects with a role of its own. The list of devices answers 501 sessions_not_readable, and log-ins that end at Supabase are not noticed here.',
      remedy: `As supabase_admin run: grant usage on schema auth to ${name}; grant select on auth.sessions, auth.users to ${name}; alter role ${name} bypassrls; or connect as postgres.`,
    }),
  ];
}

function describeOtherDatabase(reason: string): Finding {
  return fault('shared_database', {
    detail: `This is not the database of this Supabase: ${reason}.`,
    cause:
      'AUTH_SERVICE_DATABASE_URL points to another server or database, so that the hook and row level security do not see what is granted here.',
    remedy:
      'Self-hosted: AUTH_SERVICE_DATABASE_URL=postgresql://postgres:POSTGRES_PASSWORD@db:5432/postgres, cloud: the session pooler shown under Connect. Then run `auth-service migrate up`.',
  });
}

/** @param isKnown whether the probe user, who is at Supabase at this moment, is in `auth.users` here */
export function judgeShared(isKnown: boolean): Finding {
  if (isKnown) return ok('shared_database', "This is Supabase's own database.");
  return describeOtherDatabase('the probe user is not in its auth.users');
}

function judgeHookRights(rights: 'granted' | 'refused' | 'no role'): Finding {
  if (rights === 'granted') return ok('hook_rights', 'Supabase Auth may call the functions of the hook.');
  if (rights === 'no role') {
    return ok('hook_rights', 'There is no role supabase_auth_admin here that would need to call the hook.');
  }
  return fault('hook_rights', {
    detail: 'The role supabase_auth_admin may not call the functions of the hook.',
    cause: 'It was made after the migrations ran, or the grants were taken away or lost in a restore.',
    remedy:
      'Run `auth-service migrate up` once more as the owner of the schema (postgres): it grants them again.',
  });
}

function describeFailure(error: unknown): Finding {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const inner = cause instanceof Error ? cause : null;
  const word = inner === null ? '' : inner.message || ('code' in inner ? String(inner.code) : inner.name);
  const isAway = isServiceError(error, 'database_unavailable');
  return fault('database', {
    detail: `${isAway ? 'The database cannot be reached' : 'The database could not be looked at'}: ${word || message}.`,
    cause: isAway
      ? 'It is not running, not in the same network, or refuses this user or password.'
      : 'A question that this version asks was refused.',
    remedy:
      'Check AUTH_SERVICE_DATABASE_URL: self-hosted postgresql://postgres:POSTGRES_PASSWORD@db:5432/postgres in the network supabase_default; the transaction pooler (6543) needs DATABASE_DIRECT_URL too.',
  });
}
