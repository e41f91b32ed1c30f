import { availableParallelism } from 'node:os';
import type { Audit } from '#audit';
import type { Config } from '#config';
import { systemRandom } from '#crypto';
import { isServiceError } from '#errors';
import { createPersonLimit, type PeopleDependencies, type PersonLimit } from '#http';
import {
  bootstrapAdministrator,
  createEmbeddedProvider,
  createPasswords,
  createPeople,
  createStrengthRules,
  createUserAdministration,
} from '#identity';
import { createKeyRing, type KeyRing } from '#keys';
import type { Kv } from '#kv';
import type { Logger } from '#observability';
import { ADMIN_ROLE } from '#rbac';
import type { Revocations } from '#revocation';
import type { Storage } from '#storage';
import { recordKey } from './key-audit.ts';
import type { Secrets } from './secrets.ts';

/** GoTrue's own default. */
const ACCESS_TOKEN_LIFETIME_SECONDS = 3600;
/** Hashes at a time: libuv has four threads, and files, names and the secrets of machines want one as well. */
const HASHES_AT_ONCE = Math.min(availableParallelism(), 3);
/** Password checks that may wait; at some 25 ms each, the last one waits a few seconds. */
const WAITING_HASHES = 256;
const DEVELOPMENT_ADMINISTRATOR = 'admin@example.com';

export interface EmbeddedPeople {
  readonly keys: KeyRing;
  readonly face: PeopleDependencies;
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

/** Null where accounts are kept by Supabase. */
export function openPeople(rooms: PeopleRooms): EmbeddedPeople | null {
  const { config, storage, secrets, audit, revocations, logger, now } = rooms;
  if (config.identity.kind !== 'embedded') return null;
  const { publicUrl } = config.server;
  const issuer = publicUrl === null ? null : `${publicUrl}/auth/v1`;
  const keys = createKeyRing({
    storage,
    table: 'personKeys',
    sealer: secrets.sealer('person-keys'),
    algorithm: 'ES256',
    tokenLifetimeSeconds: ACCESS_TOKEN_LIFETIME_SECONDS,
    now,
    logger: logger.child('keys'),
    onKeyCreated: recordKey(audit),
  });
  const provider = createEmbeddedProvider({
    storage,
    ring: keys,
    sealer: secrets.sealer('refresh-keys'),
    passwords: createPasswords({ concurrency: HASHES_AT_ONCE, waiting: WAITING_HASHES }),
    audit,
    revocations,
    now,
    random: systemRandom,
    logger: logger.child('identity'),
    settings: {
      issuer,
      accessTokenLifetimeSeconds: ACCESS_TOKEN_LIFETIME_SECONDS,
      confirmsAutomatically: config.identity.confirmsAutomatically,
    },
  });
  const dependencies = { provider, storage, audit, strength: createStrengthRules(), now };
  const people = createPeople(dependencies);
  const users = createUserAdministration(dependencies);
  let made: { email: string; password: string } | null = null;

  return {
    keys,
    face: {
      people,
      users,
      issuer,
      keys,
      limits: { login: limit(rooms, 'login'), register: limit(rooms, 'register') },
    },
    async bootstrap() {
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
  if (config.environment !== 'development' || !terminal) return null;
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
