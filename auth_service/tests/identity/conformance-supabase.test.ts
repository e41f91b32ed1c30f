import { after, before, describe } from 'node:test';
import { describeOn, type TestDatabase } from '../support/databases.ts';
import {
  buildSupabaseIdentity,
  type SupabaseIdentity,
  type SupabaseOptions,
} from './build-supabase-identity.ts';
import { identityConformance } from './conformance/identity.suite.ts';
import type { IdentityCapabilities } from './conformance/under-test.ts';

const ALL: IdentityCapabilities = {
  confirmsAutomatically: true,
  movesTime: true,
  recovers: true,
  sharesTransactions: true,
  listsSessions: true,
  liftsBans: true,
  seesUserAgent: true,
  claimsUsernames: true,
  endsReused: 'GoTrue ends the tokens and keeps the session',
  repeatsNewestToken: 'GoTrue issues another token for an older one within the interval',
};
const NOT_ADOPTED = 'nothing is made here before the account is confirmed';
const NO_BROWSER = 'Supabase takes no secret key from what looks like a browser';
const NOT_SHARED = 'the log-ins are in another database';

const VARIANTS: readonly (readonly [string, SupabaseOptions, Partial<IdentityCapabilities>])[] = [
  ['in our database, accounts confirm themselves', {}, {}],
  [
    'in our database, accounts wait for their address to be proved, keys that are no JWTs',
    { gotrue: { confirmsAutomatically: false, keys: 'opaque' } },
    { confirmsAutomatically: false, sharesTransactions: NOT_ADOPTED, seesUserAgent: NO_BROWSER },
  ],
  [
    'apart from our database, tokens signed with the shared secret',
    { isShared: false, gotrue: { signing: 'HS256' } },
    {
      listsSessions: NOT_SHARED,
      liftsBans: NOT_SHARED,
      signsAnew: 'HS256 gives the same token in one second',
    },
  ],
];

for (const [name, options, capabilities] of VARIANTS) {
  describeOn('postgres', `Supabase Auth ${name}`, (open) => {
    let database: TestDatabase;
    let identity: SupabaseIdentity;

    // Of its own, so that its hooks run before the database is closed.
    describe('on a GoTrue', () => {
      before(async () => {
        database = await open();
        identity = await buildSupabaseIdentity(database, {
          ...options,
          gotrue: { reuseIntervalSeconds: 10, ...options.gotrue },
        });
      });
      after(() => identity[Symbol.asyncDispose]());

      identityConformance({ open: async () => identity, capabilities: { ...ALL, ...capabilities } });
    });
  });
}
