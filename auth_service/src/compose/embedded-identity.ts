import { availableParallelism } from 'node:os';
import type { Config } from '#config';
import { systemRandom } from '#crypto';
import { createEmbeddedProvider, createPasswords } from '#identity';
import { createKeyRing } from '#keys';
import { recordKey } from './key-audit.ts';
import type { OpenIdentity, PeopleRooms } from './people.ts';

/** GoTrue's own default. */
const ACCESS_TOKEN_LIFETIME_SECONDS = 3600;
/** Hashes at a time: libuv has four threads, and files, names and the secrets of machines want one as well. */
const HASHES_AT_ONCE = Math.min(availableParallelism(), 3);
/** Password checks that may wait; at some 25 ms each, the last one waits a few seconds. */
const WAITING_HASHES = 256;

type Settings = Extract<Config['identity'], { kind: 'embedded' }>;

/** The identity server within this process. */
export function openEmbeddedProvider(rooms: PeopleRooms, settings: Settings): OpenIdentity {
  const { config, storage, secrets, audit, revocations, logger, now } = rooms;
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
      confirmsAutomatically: settings.confirmsAutomatically,
    },
  });
  return { provider, keys, issuers: issuer === null ? null : [issuer], supabase: null };
}
