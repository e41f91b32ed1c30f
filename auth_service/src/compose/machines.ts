import type { Audit } from '#audit';
import type { Config } from '#config';
import type { systemRandom } from '#crypto';
import { createSharedSecretKeys, type KeyRing } from '#keys';
import type { Kv } from '#kv';
import { createKeySetFetch, createOauth, type Oauth, openTokenLimits, type PersonTokens } from '#oauth';
import type { Logger } from '#observability';
import type { Revocations } from '#revocation';
import type { Storage } from '#storage';

/** What serves machines: the token endpoint with its limits and keys. */
export function openOauth(rooms: {
  config: Config;
  storage: Storage;
  keys: KeyRing;
  audit: Audit;
  kv: Kv;
  logger: Logger;
  now: () => Date;
  random: typeof systemRandom;
  revocations: Revocations;
  people: PersonTokens | null;
  onRightsChanged: () => void;
}): Oauth {
  const { config, storage, keys, audit, kv, logger, now, random } = rooms;
  const { revocations, people, onRightsChanged } = rooms;
  const { algorithm, sharedSecret, previousSharedSecret } = config.tokens;
  const rate = config.rateLimits.token;
  return createOauth({
    storage,
    audit,
    revocations,
    people,
    onRightsChanged,
    keys: {
      ring: keys,
      sharedSecret:
        sharedSecret === null
          ? null
          : createSharedSecretKeys({ secret: sharedSecret, previous: previousSharedSecret }),
    },
    limits: openTokenLimits(kv, { failures: rate, requests: rate }),
    fetchKeySet: createKeySetFetch(),
    settings: {
      algorithm,
      issuer: config.tokens.issuer,
      publicUrl: config.server.publicUrl,
      audience: config.tokens.audience,
      accessTokenLifetimeSeconds: config.tokens.accessTokenLifetimeSeconds,
      refreshTokenLifetimeSeconds: config.tokens.refreshTokenLifetimeSeconds,
      rootPath: config.server.rootPath,
      cacheStaleSeconds: config.cacheStaleSeconds,
    },
    now,
    random,
    logger,
  });
}
