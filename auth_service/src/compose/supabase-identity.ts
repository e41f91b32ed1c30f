import type { Config } from '#config';
import { systemRandom } from '#crypto';
import { loadSupabaseProvider } from '#identity';
import type { OpenIdentity, PeopleRooms } from './people.ts';

/** bcrypt, which GoTrue hashes with, reads no further. */
const PASSWORD_BYTES_MAX = 72;

type Settings = Extract<Config['identity'], { kind: 'supabase' }>;

/** Supabase Auth. */
export async function openSupabaseProvider(
  { storage, audit, revocations, logger, now }: PeopleRooms,
  { url, anonKey, serviceRoleKey, jwtSecret, ...settings }: Settings,
): Promise<OpenIdentity> {
  const { jwtIssuers: issuers, acceptsTokensWithoutIssuer, rateLimitHeader } = settings;
  const createSupabaseProvider = await loadSupabaseProvider();
  const provider = createSupabaseProvider({
    ...{ storage, audit, revocations, now },
    random: systemRandom,
    logger: logger.child('identity'),
    settings: {
      ...{ url, anonKey, serviceRoleKey, jwtSecret },
      ...{ issuers, acceptsTokensWithoutIssuer, rateLimitHeader },
    },
  });
  return {
    provider,
    issuers: acceptsTokensWithoutIssuer ? [...issuers, null] : issuers,
    keys: null,
    passwordBytesMax: PASSWORD_BYTES_MAX,
    supabase: provider,
  };
}
