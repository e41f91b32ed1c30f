import type { TestDatabase } from '../support/databases.ts';
import { type GotrueDouble, startGotrue } from '../support/gotrue/double.ts';
import type { GotrueOptions } from '../support/gotrue/options.ts';
import type { IdentityUnderTest } from './conformance/under-test.ts';
import { recoverByLink } from './recover-by-link.ts';
import { openSupabaseRooms, type SupabaseRooms } from './supabase-rooms.ts';

export interface SupabaseIdentity
  extends Omit<IdentityUnderTest, 'provider'>,
    Omit<SupabaseRooms, 'people'>,
    AsyncDisposable {
  readonly gotrue: GotrueDouble;
  readonly now: () => Date;
}

export interface SupabaseOptions {
  readonly gotrue?: GotrueOptions;
  /** Whether GoTrue's tables are in our database. Default true. */
  readonly isShared?: boolean;
  /** Whether its hook is on. Default true. */
  readonly hasHook?: boolean;
  readonly acceptsTokensWithoutIssuer?: boolean;
  /** Whether we know its secret. Default: where it signs with it. */
  readonly knowsSecret?: boolean;
  /** One that runs already; it is not closed with the identity. */
  readonly double?: GotrueDouble;
}

const SYSTEM = { type: 'system', id: null } as const;

/** The adapter on a GoTrue over HTTP, and the real rooms below it. Time goes by, and can be made to go faster. */
export async function buildSupabaseIdentity(
  { logger, config, ...database }: TestDatabase,
  options: SupabaseOptions = {},
): Promise<SupabaseIdentity> {
  const storage = await database.openAnother({ accountsAreOurs: false });
  let aheadMs = 0;
  const now = () => new Date(Date.now() + aheadMs);
  const url = config.kind === 'postgres' ? { url: config.url } : undefined;
  const gotrue =
    options.double ??
    (await startGotrue({
      confirmsAutomatically: true,
      now,
      ...options.gotrue,
      ...(url !== undefined && options.isShared !== false ? { mirror: url } : {}),
      ...(url !== undefined && options.hasHook !== false ? { hook: url } : {}),
    }));
  const isSigned = options.knowsSecret ?? options.gotrue?.signing === 'HS256';
  const rooms = await openSupabaseRooms(
    { storage, logger, clock: { ...database.clock, now } },
    {
      url: gotrue.url,
      anonKey: gotrue.anonKey,
      serviceRoleKey: gotrue.serviceRoleKey,
      jwtSecret: isSigned ? gotrue.jwtSecret : null,
      issuers: [gotrue.issuer],
      acceptsTokensWithoutIssuer: options.acceptsTokensWithoutIssuer ?? false,
      rateLimitHeader: 'x-forwarded-for',
    },
  );
  const { users, audit } = rooms;
  return {
    ...rooms,
    ...{ gotrue, now },
    confirm: (email) => gotrue.confirm(email),
    recover: (email) => recoverByLink(gotrue, email),
    async ban(userId) {
      if (options.isShared === false) await users.ban(SYSTEM, userId);
      else await gotrue.ban(userId);
    },
    unban: async (userId) => void (await users.unban(SYSTEM, userId)),
    deactivate: async (userId) => void (await users.update(SYSTEM, userId, { isActive: false })),
    async pass(seconds) {
      aheadMs += seconds * 1000;
    },
    async [Symbol.asyncDispose]() {
      await audit.close();
      if (options.double === undefined) await gotrue.close();
    },
  };
}
