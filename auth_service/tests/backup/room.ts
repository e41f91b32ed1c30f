import { join } from 'node:path';
import { createAudit } from '#audit';
import { type BackupDependencies, type Backups, createBackups } from '#backup';
import { createSealer, systemRandom } from '#crypto';
import type { Storage } from '#storage';
import type { OpenTestDatabase, TestDatabase } from '../support/databases.ts';
import { openRevocations, type TestRevocations } from '../support/open-revocations.ts';
import { temporaryDirectory } from '../support/run-directory.ts';

export interface BackupRoom extends Omit<TestDatabase, 'storage'> {
  /** Of a process that is alone with its database. */
  readonly storage: Storage;
  readonly backups: Backups;
  readonly revocations: TestRevocations;
  /** Writes an archive into a file of its own. */
  archive(options?: Parameters<Backups['create']>[1]): Promise<string>;
  /** The same database to somebody with another passphrase or key. */
  as(other: Partial<BackupDependencies>): Backups;
}

export function sealerOf(byte: number, previous: readonly number[] = []) {
  const master = (value: number) => Buffer.alloc(32, value);
  return createSealer({
    purpose: 'backups',
    master: master(byte),
    previous: previous.map(master),
    random: systemRandom,
  });
}

export async function openRoom(
  open: OpenTestDatabase,
  options: { fresh?: boolean; migrated?: boolean } = { fresh: true },
): Promise<BackupRoom> {
  const database = await open(options);
  const { clock, logger } = database;
  const storage =
    database.backend === 'postgres' ? await database.openAnother({ mode: 'alone' }) : database.storage;
  const audit = createAudit({ storage, logger, now: clock.now, random: systemRandom });
  const readable = options.migrated === false ? withoutRevocations(storage) : storage;
  const revocations = await openRevocations({ storage: readable, clock, logger });
  const dependencies: BackupDependencies = {
    storage,
    audit,
    revocations,
    sealer: sealerOf(1),
    passphrase: null,
    about: { productVersion: '1.2.3', database: database.backend, identity: 'embedded' },
    now: clock.now,
  };
  const backups = createBackups(dependencies);
  return {
    ...database,
    storage,
    backups,
    revocations,
    archive: (choice) => archiveOf(backups, choice),
    as: (other) => createBackups({ ...dependencies, ...other }),
  };
}

/** Before there is a schema nothing was revoked. */
function withoutRevocations(storage: Storage): Storage {
  const revocations = { ...storage.revocations, listSince: async () => ({ horizon: '0', revocations: [] }) };
  return { ...storage, revocations };
}

let archives = 0;

export async function archiveOf(
  backups: Backups,
  choice?: Parameters<Backups['create']>[1],
): Promise<string> {
  const { writeWhole } = await import('#backup');
  archives += 1;
  const file = join(temporaryDirectory('archive'), `${archives}.tar.gz`);
  await writeWhole(file, async (sink) => void (await backups.create(sink, choice)));
  return file;
}

const TABLES = [
  'auth_service_data.permissions',
  'auth_service_data.roles',
  'auth_service_data.role_permissions',
  'auth_service_data.app_clients',
  'auth_service_data.app_client_secrets',
  'auth_service_data.app_client_roles',
  'auth_service_data.signing_keys',
  'auth_service_data.profiles',
  'auth_service_data.user_roles',
  'auth_service_data.bootstrap_marks',
  'auth_service_identity.users',
  'auth_service_identity.identities',
  'auth_service_identity.signing_keys',
];

/** All that a restore has to bring back, as text. */
export async function everything({ query }: Pick<TestDatabase, 'query'>): Promise<string> {
  const rows: unknown[] = [];
  for (const table of TABLES) {
    rows.push(table, await query(`select to_jsonb(t) as row from ${table} t order by to_jsonb(t)::text`));
  }
  return JSON.stringify(rows, null, 1);
}

/** Something in every table, with what is hard to carry: quotes, line ends, every kind of letter, times to the microsecond. */
export const FILL = `
  insert into auth_service_data.permissions values
    ('00000000-0000-4000-8000-000000000001', 'orders:read', E'two\\nlines, a \\\\ and a "quote"', '2030-01-01 00:00:00.123456+00', now());
  insert into auth_service_data.roles values
    ('00000000-0000-4000-8000-000000000002', 'reader', 'Ünïcödé 🗝 {"a":[1]} \\u0041', '0044-03-15 12:00:00+00 BC', 'infinity');
  insert into auth_service_data.role_permissions values
    ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', now());
  insert into auth_service_data.app_clients
    (id, client_name, is_active, allowed_callback_urls, allowed_resources, created_at, updated_at) values
    ('00000000-0000-4000-8000-000000000003', 'Orders; drop table "x"', true, '{"a,b","c\\"d",""}', '{}', now(), now());
  insert into auth_service_data.app_client_secrets values
    (gen_random_uuid(), '00000000-0000-4000-8000-000000000003', 'sha256', repeat('a', 43), 'abcd', now(), null, null);
  insert into auth_service_data.app_client_roles values
    ('00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000002', now());
  insert into auth_service_identity.users
    (id, email, password_hash, app_metadata, user_metadata, created_at, updated_at) values
    ('00000000-0000-4000-8000-000000000004', 'ada@example.com', '$argon2id$v=19$x', '{"n": 12345678901234567890.5}', '{"a": null, "b": [true, "\\u00e9"]}', now(), now());
  insert into auth_service_identity.identities
    (id, user_id, provider, provider_id, identity_data, created_at, updated_at) values
    (gen_random_uuid(), '00000000-0000-4000-8000-000000000004', 'email', 'x', '{}', now(), now());
  insert into auth_service_identity.sessions
    (id, user_id, aal, amr, sealed_refresh_key, refresh_counter, created_at, updated_at) values
    (gen_random_uuid(), '00000000-0000-4000-8000-000000000004', 'aal1', '[]', 'v1.0000000000000000.AA', 7, now(), now());
  insert into auth_service_data.profiles (user_id, email, username, is_active, created_at, updated_at) values
    ('00000000-0000-4000-8000-000000000004', 'ada@example.com', 'ada', true, now(), now());
  insert into auth_service_data.user_roles values
    ('00000000-0000-4000-8000-000000000004', '00000000-0000-4000-8000-000000000002', now());
  insert into auth_service_data.revocations (id, kind, subject, revoked_at, expires_at) values
    (gen_random_uuid(), 'token', 'some-jti', now(), now() + interval '1 day');
  insert into auth_service_data.bootstrap_marks values ('roles', now());
  insert into auth_service_data.audit_events values
    (gen_random_uuid(), '2029-11-03 10:00:00+00', 'role.created', 'success', 'system', null, null, null, null, null, '{}'),
    (gen_random_uuid(), now(), 'role.created', 'success', 'system', null, null, null, null, null, '{"a": "b"}');`;
