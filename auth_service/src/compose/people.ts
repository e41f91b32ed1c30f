import type { Audit } from '#audit';
import type { Config } from '#config';
import { systemRandom } from '#crypto';
import { isServiceError } from '#errors';
import { createPersonLimit, type PeopleDependencies, type PersonLimit } from '#http';
import {
  bootstrapAdministrator,
  createPeople,
  createStrengthRules,
  createUserAdministration,
  type IdentityProvider,
  type SupabaseProvider,
} from '#identity';
import type { KeyRing } from '#keys';
import type { Kv } from '#kv';
import type { Logger } from '#observability';
import { ADMIN_ROLE } from '#rbac';
import type { Revocations } from '#revocation';
import type { Storage } from '#storage';
import { openEmbeddedProvider } from './embedded-identity.ts';
import type { Secrets } from './secrets.ts';
import { openSupabaseProvider } from './supabase-identity.ts';

const DEVELOPMENT_ADMINISTRATOR = 'admin@example.com';

export interface OpenPeople {
  readonly face: PeopleDependencies;
  /** Null: accounts are kept here. */
  readonly supabase: Pick<SupabaseProvider, 'check' | 'lookAround' | 'backfill' | 'diagnose'> | null;
  /** What has to be there before anything is served. */
  load(): Promise<void>;
  /** Makes the first administrator, while there is none. @returns whether there is one now. */
  bootstrap(): Promise<boolean>;
  /** Credentials that were made up just now, to be shown once. */
  newAdministrator(): { readonly email: string; readonly password: string } | null;
}

export interface PeopleRooms {
  readonly config: Config;
  readonly storage: Storage;
  readonly secrets: Secrets;
  readonly audit: Audit;
  readonly kv: Kv;
  readonly revocations: Revocations;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Whether somebody reads what is shown at start. */
  readonly terminal: boolean;
}

/** Where the accounts are. */
export interface OpenIdentity {
  readonly provider: IdentityProvider;
  /** As in `PeopleDependencies`. */
  readonly issuers: PeopleDependencies['issuers'];
  /** Signs for people; null where somebody else does. */
  readonly keys: KeyRing | null;
  /** The longest password, in bytes. */
  readonly passwordBytesMax?: number;
  readonly supabase: SupabaseProvider | null;
}

export async function openPeople(rooms: PeopleRooms): Promise<OpenPeople> {
  const { storage, audit, now, config } = rooms;
  const identity =
    config.identity.kind === 'embedded'
      ? openEmbeddedProvider(rooms, config.identity)
      : await openSupabaseProvider(rooms, config.identity);
  const { provider, issuers, keys, passwordBytesMax, supabase } = identity;
  const strength = createStrengthRules(passwordBytesMax === undefined ? {} : { bytesMax: passwordBytesMax });
  const dependencies = { provider, storage, audit, strength, now };
  return {
    face: {
      people: createPeople(dependencies),
      users: createUserAdministration(dependencies),
      issuers,
      keys,
      limits: { login: limit(rooms, 'login'), register: limit(rooms, 'register') },
    },
    supabase,
    load: async () => await keys?.load(),
    ...createBootstrap(rooms, provider),
  };
}

function createBootstrap(rooms: PeopleRooms, provider: IdentityProvider) {
  const { config, storage, audit, now, logger } = rooms;
  let made: { email: string; password: string } | null = null;
  return {
    async bootstrap(): Promise<boolean> {
      const credentials = config.initialAdmin ?? inventedAdministrator(rooms);
      const isInvented = config.initialAdmin === null;
      try {
        if (credentials !== null) {
          const { created } = await bootstrapAdministrator({ provider, storage, audit, now }, credentials);
          if (created && isInvented) made = credentials;
        }
      } catch (error) {
        // Nobody asked for this one: that somebody has the address already is no reason not to start.
        if (!isInvented || !isServiceError(error, 'administrator_unconfirmed')) throw error;
        logger
          .child('compose')
          .warning(`No administrator was made: ${credentials?.email} has an account already.`);
      }
      return await storage.userRoles.isHeld(ADMIN_ROLE, now());
    },
    newAdministrator: () => made,
  };
}

/** A newcomer should find a way in; a password that nobody sees would only be a riddle. */
function inventedAdministrator({ config, terminal }: PeopleRooms) {
  const isOurs = config.identity.kind === 'embedded';
  if (!isOurs || config.environment !== 'development' || !terminal) return null;
  return { email: DEVELOPMENT_ADMINISTRATOR, password: systemRandom.token(12) };
}

function limit({ config, kv, secrets, audit, now }: PeopleRooms, name: 'login' | 'register'): PersonLimit {
  const rate = config.rateLimits[name];
  return createPersonLimit({
    limiters:
      rate === null
        ? null
        : { byAddress: kv.limiter(name, rate), byEmail: kv.limiter(`${name}-email`, rate) },
    emailKey: secrets.hashEmail,
    audit,
    now,
  });
}
