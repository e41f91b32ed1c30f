import assert from 'node:assert/strict';
import pg from 'pg';
import { openStorage } from '#storage';
import { createSupabaseRoles } from '../storage/supabase.ts';
import { type GotrueDouble, startGotrue } from '../support/gotrue/double.ts';
import type { GotrueOptions } from '../support/gotrue/options.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { type Environment, run } from './command-line.ts';
import { supabaseEnvironment } from './supabase-environment.ts';

export interface Finding {
  readonly id: string;
  readonly status: 'ok' | 'warning' | 'fault';
  readonly detail: string;
  readonly cause?: string;
  readonly remedy?: string;
}

/** Supabase's database with our schema, and whatever GoTrue is put before it. */
export async function admitPatient() {
  const database = await createPostgresDatabase({ migrated: true });
  const { url } = database.config;
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  const query = async (sql: string) => (await client.query(sql)).rows as Record<string, unknown>[];
  await createSupabaseRoles(query);
  const storage = await openStorage({
    database: database.config,
    logger: createRecordingLogger(),
    now: () => new Date(),
  });
  await storage.migrations.up();
  await storage.close();
  const doubles: GotrueDouble[] = [];
  return {
    url,
    query,
    /** In Supabase's own database, with the hook on, and without mails, unless told otherwise. */
    async start(options: GotrueOptions = {}): Promise<GotrueDouble> {
      const double = await startGotrue({
        mirror: { url },
        hook: { url },
        confirmsAutomatically: true,
        ...options,
      });
      doubles.push(double);
      return double;
    },
    env: (double: GotrueDouble): Environment => ({
      ENVIRONMENT: 'testing',
      DATABASE_URL: url,
      DATA_DIR: temporaryDirectory('cli'),
      ...supabaseEnvironment(double),
    }),
    async dismiss() {
      for (const double of doubles) await double.close();
      await client.end();
      await database.drop();
    },
  };
}

export type Patient = Awaited<ReturnType<typeof admitPatient>>;

/** As a script runs it. Nothing secret is printed, and each trouble has a cause and a remedy. */
export async function examine(env: Environment) {
  const { code, stdout, stderr } = await run(['doctor', 'supabase', '--json'], env);
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  assertTellsNoSecret(stdout + stderr, env);
  for (const { status, cause, remedy, detail } of findings) {
    assert.notEqual(detail, '');
    assert.equal(typeof cause, status === 'ok' ? 'undefined' : 'string', detail);
    assert.equal(typeof remedy, status === 'ok' ? 'undefined' : 'string', detail);
  }
  const troubles = findings.filter(({ status }) => status !== 'ok');
  return {
    code,
    ok,
    findings,
    stderr,
    troubles: troubles.map(({ id, status }) => `${status} ${id}`),
    find(id: string): Finding {
      const found = findings.find((finding) => finding.id === id);
      assert.ok(found, `${id} is not among ${findings.map((finding) => finding.id)}`);
      return found;
    },
  };
}

function assertTellsNoSecret(text: string, env: Environment): void {
  for (const name of ['SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'SUPABASE_JWT_SECRET']) {
    const secret = env[name];
    if (secret !== undefined) assert.ok(!text.includes(secret), `${name} was printed`);
  }
  assert.doesNotMatch(text, /eyJ[\w-]+\.eyJ|sb_secret_\w|aA1!/);
}

export async function assertWell(env: Environment): Promise<void> {
  const { code, ok, troubles, stderr, findings } = await examine(env);
  assert.deepEqual([code, ok, troubles, stderr], [0, true, [], ''], JSON.stringify(findings, null, 1));
}

/** Nobody is left at GoTrue, and nobody in the databases. */
export async function assertNobodyLeft(double: GotrueDouble, { query }: Patient): Promise<void> {
  assert.deepEqual(
    [...double.users.values()].map(({ email }) => email),
    [],
  );
  assert.deepEqual(
    await query('select email from auth.users union all select email from auth_service_data.profiles'),
    [],
  );
}
