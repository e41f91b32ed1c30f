import { systemRandom } from '#crypto';
import type { Storage } from '#storage';
import type { RawConnection } from '../support/raw-connection.ts';

const PEOPLE = 1_000_000;
const CLIENTS = 100_000;
const EVENTS = 1_000_000;
const MONTHS = 12;
const MONTH_SECONDS = 30 * 86_400;

/** The n-th row's text of 16 letters, as even as chance. */
const LETTERS = (n: string) => `translate(substr(md5((${n})::text), 1, 16), '0123456789', 'ghijklmnop')`;
const ID = (n: string, kind: number) =>
  `('${kind}0000000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
const ONE_OF = (words: string, n: string) =>
  `(array['${words.split(' ').join("','")}'])[1 + ${n} % ${words.split(' ').length}]`;
const FIRST_NAMES =
  'Ada Grace Alan Barbara Edsger Donald Radia Leslie Tony Niklaus Frances Margaret Zoë Любовь 花子';

/** Ids of rows that are there, and words by which some are found. */
export const KNOWN = {
  person: '10000000-0000-7000-8000-0000000f0000',
  /** A subject of some events, and an actor of very many and of a few. */
  subject: '10000000-0000-7000-8000-000000000100',
  busyActor: '30000000-0000-7000-8000-000000000001',
  idleActor: '30000000-0000-7000-8000-0000000003e7',
} as const;

/** @param now the newest events are of then. */
export async function fill(storage: Storage, query: RawConnection['query'], now: Date): Promise<void> {
  for (let month = MONTHS; month >= 0; month -= 3) {
    await storage.auditEvents.ensurePartitions(new Date(now.getTime() - month * MONTH_SECONDS * 1000));
  }
  // The rows point where they should: nobody need look.
  await query('set session_replication_role = replica');
  await query('set maintenance_work_mem = "512MB"');
  await query(ROLES);
  for (const sql of [PROFILES, ACCOUNTS, USER_ROLES, MACHINES]) await query(sql);
  await query(events(now));
  await query('set session_replication_role = origin');
  await query('vacuum analyze');
}

const ROLES = `
  insert into auth_service_data.roles (id, name, created_at, updated_at)
    select ${ID('n', 2)}, case n when 1 then 'admin' when 2 then 'user' else 'role-' || n end, now(), now()
    from generate_series(1, 200) n;
  insert into auth_service_data.permissions (id, name, created_at, updated_at)
    select ${ID('n', 4)}, 'thing-' || n || ':read', now(), now() from generate_series(1, 500) n;
  insert into auth_service_data.role_permissions (role_id, permission_id, assigned_at)
    select ${ID('1 + n % 200', 2)}, ${ID('1 + n % 500', 4)}, now() from generate_series(1, 1000) n on conflict do nothing`;

const PROFILES = `
  insert into auth_service_data.profiles
    (user_id, email, username, first_name, last_name, is_active, created_at, updated_at)
  select ${ID('n', 1)}, ${LETTERS('n')} || '@' || ${LETTERS('n % 5000')} || '.example',
    case when n % 3 > 0 then ${LETTERS('-n')} end, ${ONE_OF(FIRST_NAMES, 'n')},
    initcap(${LETTERS('n / 7')}), n % 50 > 0, timestamptz '2027-01-01' + n * interval '90 seconds', now()
  from generate_series(1, ${PEOPLE}) n`;

const ACCOUNTS = `
  insert into auth_service_identity.users
    (id, email, password_hash, email_confirmed_at, email_proved_at, last_sign_in_at, banned_until,
     app_metadata, user_metadata, created_at, updated_at)
  select user_id, email, 'no hash', created_at, null, now(), null, '{}', '{}', created_at, updated_at
  from auth_service_data.profiles`;

/** Everybody has the default role, one in a hundred another, three are administrators. */
const USER_ROLES = `
  insert into auth_service_data.user_roles (user_id, role_id, assigned_at)
    select ${ID('n', 1)}, ${ID('2', 2)}, now() from generate_series(1, ${PEOPLE}) n
    union all
    select ${ID('n', 1)}, ${ID('3 + n % 190', 2)}, now() from generate_series(1, ${PEOPLE}, 100) n
    union all
    select ${ID('n', 1)}, ${ID('1', 2)}, now() from generate_series(100, 300, 100) n`;

const MACHINES = `
  insert into auth_service_data.app_clients
    (id, client_name, description, is_active, allowed_callback_urls, allowed_resources, created_at, updated_at)
  select ${ID('n', 3)}, ${LETTERS('n')} || ' ' || n, 'Serves ' || ${LETTERS('-n')}, true, '{}', '{}',
    timestamptz '2027-01-01' + n * interval '15 minutes', now()
  from generate_series(1, ${CLIENTS}) n;
  insert into auth_service_data.app_client_roles (client_id, role_id, assigned_at)
    select ${ID('n', 3)}, ${ID('1 + n % 200', 2)}, now() from generate_series(1, ${CLIENTS}) n`;

/** Mostly tokens, of few clients very many; some of what is done to people by people. */
function events(now: Date): string {
  const step = (MONTHS * MONTH_SECONDS) / EVENTS;
  return `
  insert into auth_service_data.audit_events
    (id, occurred_at, action, outcome, actor_type, actor_id, subject_type, subject_id, request_id, client_ip, detail)
  select ${ID('n', 5)}, timestamptz '${now.toISOString()}' - (${EVENTS} - n) * interval '${step} seconds',
    case when n % 10 > 3 then 'token.issued' when n % 10 > 0 then 'user.logged_in'
      when n % 1000 = 0 then 'user.banned' else 'user.updated' end,
    'success', 'client', (${ID('case when n % 4 = 0 then 1 else 2 + n % 998 end', 3)})::text,
    'user', (${ID('1 + n % 200000', 1)})::text, '${systemRandom.uuid()}', '192.0.2.1', '{}'
  from generate_series(1, ${EVENTS}) n`;
}
