import type { Audit } from '#audit';
import { createSealer, hmacSha256, type Random } from '#crypto';
import { createPersonLimit, type PeopleDependencies, type PersonLimit } from '#http';
import {
  createEmbeddedProvider,
  createPasswords,
  createPeople,
  createStrengthRules,
  createUserAdministration,
  type IdentityProvider,
} from '#identity';
import { createKeyRing, type KeyRing } from '#keys';
import type { Kv, RateLimit } from '#kv';
import type { Logger } from '#observability';
import type { Revocations } from '#revocation';
import type { Storage } from '#storage';

export interface PeopleOptions {
  /** Default: off. */
  readonly login?: RateLimit;
  readonly register?: RateLimit;
  /** Default: true. */
  readonly confirmsAutomatically?: boolean;
  /** Hashes that may wait for their turn. Default: as many as come. */
  readonly waitingHashes?: number;
}

export interface PeopleRooms {
  readonly face: PeopleDependencies;
  readonly provider: IdentityProvider;
  /** Signs for people. */
  readonly ring: KeyRing;
  /** Password hashes worked out so far. */
  hashCount(): number;
  /** Hashes running and waiting. */
  queueDepth(): number;
}

interface RoomsBelow {
  readonly storage: Storage;
  readonly audit: Audit;
  readonly kv: Kv;
  readonly revocations: Revocations;
  readonly random: Random;
  readonly now: () => Date;
  readonly logger: Logger;
  readonly publicUrl: string | null;
}

const HASHES_AT_A_TIME = 2;

/** Identity and what it needs, as compose opens them. */
export async function openPeopleRooms(rooms: RoomsBelow, options: PeopleOptions): Promise<PeopleRooms> {
  const { storage, audit, revocations, random, now, logger, publicUrl } = rooms;
  const sealerFor = (purpose: string) => createSealer({ purpose, master: Buffer.alloc(32, 7), random });
  const ring = createKeyRing({
    storage,
    table: 'personKeys',
    sealer: sealerFor('person-keys'),
    algorithm: 'ES256',
    tokenLifetimeSeconds: 3600,
    now,
    logger,
  });
  await ring.load();
  let hashes = 0;
  const passwords = createPasswords({
    concurrency: HASHES_AT_A_TIME,
    waiting: options.waitingHashes ?? Number.POSITIVE_INFINITY,
    onHash: () => {
      hashes += 1;
    },
  });
  const issuer = publicUrl === null ? null : `${publicUrl}/auth/v1`;
  const { confirmsAutomatically = true } = options;
  const provider = createEmbeddedProvider({
    ...{ storage, ring, passwords, audit, revocations, now, random, logger },
    sealer: sealerFor('refresh-keys'),
    settings: { issuer, accessTokenLifetimeSeconds: 3600, confirmsAutomatically },
  });
  const dependencies = { provider, storage, audit, strength: createStrengthRules(), now };
  const people = createPeople(dependencies);
  const users = createUserAdministration(dependencies);
  const limits = {
    login: limitOf('login', options.login, rooms),
    register: limitOf('register', options.register, rooms),
  };
  return {
    face: { people, users, issuers: issuer === null ? null : [issuer], keys: ring, limits },
    provider,
    ring,
    hashCount: () => hashes,
    queueDepth: passwords.queueDepth,
  };
}

function limitOf(name: string, rate: RateLimit | undefined, { kv, audit, now }: RoomsBelow): PersonLimit {
  return createPersonLimit({
    limiters:
      rate === undefined
        ? null
        : { byAddress: kv.limiter(name, rate), byEmail: kv.limiter(`${name}-email`, rate) },
    emailKey: (email) => hmacSha256(Buffer.alloc(32, 9), email).toString('base64url'),
    audit,
    now,
  });
}
