import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AuthClient } from '@supabase/auth-js';
import { openStorage, type Storage } from '#storage';
import { postgresConfig } from '../support/postgres-databases.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { identityConformance } from './conformance/identity.suite.ts';
import type { IdentityUnderTest } from './conformance/under-test.ts';
import { recoverByLink } from './recover-by-link.ts';
import { openSupabaseRooms } from './supabase-rooms.ts';

/**
 * The judge: Supabase's own GoTrue, of a project that may be filled with people who are made here and stay. Its database
 * has our schema (`auth-service migrate up`), its hook is on, and accounts confirm themselves. See CONTRIBUTING.md.
 */
const {
  TEST_SUPABASE_URL: url = '',
  TEST_SUPABASE_ANON_KEY: anonKey = '',
  TEST_SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey = '',
  TEST_SUPABASE_DATABASE_URL: databaseUrl = '',
  TEST_SUPABASE_JWT_SECRET: jwtSecret = '',
  TEST_SUPABASE_JWT_ISSUER: issuer = `${url}/auth/v1`,
} = process.env;

const SYSTEM = { type: 'system', id: null } as const;

const NEEDED = {
  TEST_SUPABASE_URL: url,
  TEST_SUPABASE_ANON_KEY: anonKey,
  TEST_SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey,
  TEST_SUPABASE_DATABASE_URL: databaseUrl,
};
const missing = Object.entries(NEEDED)
  .filter(([, value]) => value === '')
  .map(([name]) => name);

if (missing.length > 0 && missing.length < Object.keys(NEEDED).length) {
  // A suite that does not run is green, and nobody would know.
  it("has everything that it needs to ask Supabase's own GoTrue", () => {
    assert.fail(`Set these too, or none of TEST_SUPABASE_*: ${missing.join(', ')}. See CONTRIBUTING.md.`);
  });
} else if (missing.length === 0) {
  describe("Supabase's own GoTrue", () => {
    let storage: Storage;
    let identity: IdentityUnderTest;
    before(async () => {
      storage = await openStorage({
        database: postgresConfig(databaseUrl),
        logger: createRecordingLogger(),
        now: () => new Date(),
        accountsAreOurs: false,
      });
      identity = await openIdentity(storage);
    });
    after(() => storage.close());

    identityConformance({
      open: async () => identity,
      capabilities: {
        confirmsAutomatically: true,
        movesTime: 'nobody sets the clock of a server',
        recovers: true,
        sharesTransactions: true,
        listsSessions: true,
        liftsBans: true,
        repeatsNewestToken: 'only the newer kind of refresh tokens does',
        endsReused: 'only the newer kind of refresh tokens does',
        seesUserAgent: true,
        claimsUsernames: true,
        signsAnew: jwtSecret === '' || 'HS256 gives the same token in one second',
      },
    });
  });
}

async function openIdentity(storage: Storage): Promise<IdentityUnderTest> {
  const now = () => new Date();
  const clock = { now, set: () => undefined, advance: () => undefined };
  const rooms = await openSupabaseRooms(
    { storage, logger: createRecordingLogger(), clock },
    {
      ...{ url, anonKey, serviceRoleKey },
      jwtSecret: jwtSecret === '' ? null : jwtSecret,
      issuers: [issuer],
      acceptsTokensWithoutIssuer: issuer === 'none',
      rateLimitHeader: 'x-forwarded-for',
    },
  );
  const { admin } = new AuthClient({
    url: `${url}/auth/v1`,
    headers: { apikey: serviceRoleKey, Authorization: `Bearer ${serviceRoleKey}` },
    persistSession: false,
    autoRefreshToken: false,
  });
  const update = async (userId: string, change: { ban_duration?: string; email_confirm?: boolean }) => {
    const { error } = await admin.updateUserById(userId, change);
    if (error !== null) throw error;
  };
  return {
    ...rooms,
    // Accounts confirm themselves.
    confirm: async () => {},
    recover: (email) => recoverByLink({ url, anonKey, serviceRoleKey }, email),
    ban: (userId) => update(userId, { ban_duration: '8760h' }),
    unban: (userId) => update(userId, { ban_duration: 'none' }),
    deactivate: async (userId) => void (await rooms.users.update(SYSTEM, userId, { isActive: false })),
    pass: async () => {},
  };
}
