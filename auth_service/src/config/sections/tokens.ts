import type { EncryptionKeys, TokensConfig } from '../config.ts';
import { encryptionKey } from '../parsers/keys.ts';
import { list } from '../parsers/parser.ts';
import { choice, text, wholeNumber, word } from '../parsers/plain.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, variable } from '../variable.ts';

export const tokensSection = {
  title: 'Machine tokens and keys',
  about: 'How tokens for machines are signed, and what seals the keys in the database.',
  variables: {
    secret: variable({
      name: 'M2M_JWT_SECRET_KEY',
      parser: text('a random secret of at least 32 bytes, as `openssl rand -base64 48` prints one'),
      secrecy: 'secret',
      example: 'your_secure_jwt_secret_for_m2m',
      description:
        'Secret that signs machine tokens with HS256, shared with every service that verifies them; at least 32 bytes in production.',
    }),
    previousSecret: variable({
      name: 'M2M_JWT_SECRET_KEY_PREVIOUS',
      parser: text('the secret that was replaced'),
      secrecy: 'secret',
      example: 'your_previous_jwt_secret_for_m2m',
      description: 'The shared secret before the current one, still accepted while verifying.',
    }),
    algorithm: variable({
      name: 'M2M_JWT_ALGORITHM',
      parser: choice('HS256', 'ES256', 'EdDSA', 'RS256'),
      defaultMeaning: '`HS256` when M2M_JWT_SECRET_KEY is set, else `ES256`',
      example: 'ES256',
      description:
        'HS256, ES256, EdDSA or RS256. All but HS256 sign with keys of our own, published at `/.well-known/jwks.json`.',
    }),
    issuer: variable({
      name: 'M2M_JWT_ISSUER',
      parser: word('an issuer, such as https://auth.example.com'),
      defaultMeaning: '`paservices_auth_service` with HS256, else PUBLIC_URL',
      example: 'paservices_auth_service',
      description: 'The `iss` of machine tokens.',
    }),
    audience: variable({
      name: 'M2M_JWT_AUDIENCE',
      parser: word('an audience'),
      default: 'paservices_microservices',
      description: 'The `aud` of machine tokens that were asked for without `resource`.',
    }),
    accessTokenMinutes: variable({
      name: 'M2M_JWT_ACCESS_TOKEN_EXPIRE_MINUTES',
      parser: wholeNumber(1, 1440, 'minutes'),
      default: '15',
      description: 'Lifetime of machine tokens. A client can have its own.',
    }),
    refreshTokenMinutes: variable({
      name: 'JWT_REFRESH_TOKEN_EXPIRE_MINUTES',
      parser: wholeNumber(1, 525_600, 'minutes'),
      default: '10080',
      description: 'Lifetime of the refresh tokens of machines. User sessions do not expire by themselves.',
    }),
    encryptionKey: variable({
      name: 'ENCRYPTION_KEY',
      parser: encryptionKey,
      secrecy: 'secret',
      example: 'your_encryption_key',
      defaultMeaning:
        'derived from M2M_JWT_SECRET_KEY; without that one, generated once in development and testing',
      description:
        '32 random bytes in base64 that seal signing keys and other secrets in the database. Unset, the key is derived from M2M_JWT_SECRET_KEY, which every verifying service knows. After setting it, what was sealed with the derived key still opens.',
    }),
    previousEncryptionKeys: variable({
      name: 'ENCRYPTION_KEY_PREVIOUS',
      parser: list(encryptionKey, 'the replaced keys, by comma'),
      secrecy: 'secret',
      example: 'your_previous_encryption_key',
      description: 'Replaced keys, by comma, that still open what they sealed.',
    }),
  },
} satisfies Section;

const { variables } = tokensSection;
export type TokenValues = ValuesOf<typeof tokensSection>;

const LEAST_SECRET_BYTES = 32;
const SHARED_SECRET_ISSUER = 'paservices_auth_service';

export function assembleTokens(
  values: TokenValues,
  publicUrl: string | null,
  reading: Reading,
): TokensConfig {
  checkSecretLength(values, reading);
  checkAudience(values, publicUrl, reading);
  const algorithm = values.algorithm ?? (values.secret === null ? 'ES256' : 'HS256');
  const isShared = algorithm === 'HS256';
  if (isShared && values.secret === null && !reading.isFaulty(variables.secret)) {
    const remedy = `Set it to ${variables.secret.parser.form}, or set M2M_JWT_ALGORITHM=ES256.`;
    reading.fault(variables.secret, 'is not set, but M2M_JWT_ALGORITHM is HS256.', remedy);
  }
  return {
    algorithm,
    sharedSecret: isShared ? values.secret : null,
    previousSharedSecret: values.previousSecret,
    issuer: values.issuer ?? (isShared ? SHARED_SECRET_ISSUER : publicUrl),
    audience: values.audience,
    accessTokenLifetimeSeconds: values.accessTokenMinutes * 60,
    refreshTokenLifetimeSeconds: values.refreshTokenMinutes * 60,
  };
}

/** Only who asked for it with `resource` gets a token that opens this service's own API. */
function checkAudience({ audience }: TokenValues, publicUrl: string | null, reading: Reading): void {
  if (publicUrl === null || audience.replace(/\/+$/, '') !== publicUrl) return;
  const problem = 'is PUBLIC_URL, so that every machine token would open the API of this service.';
  reading.fault(variables.audience, problem, 'Name the services that the tokens are for.');
}

function checkSecretLength(values: TokenValues, reading: Reading): void {
  const isShort = (secret: string | null) =>
    secret !== null && Buffer.byteLength(secret) < LEAST_SECRET_BYTES;
  if (isShort(values.secret)) {
    const say = reading.isProduction ? reading.fault : reading.warn;
    const problem = `has fewer than ${LEAST_SECRET_BYTES} bytes, so that tokens could be forged by trying.`;
    say(variables.secret, problem, `Set it to ${variables.secret.parser.form}.`);
  }
  if (isShort(values.previousSecret)) {
    const problem = `has fewer than ${LEAST_SECRET_BYTES} bytes, and tokens signed with it are still accepted.`;
    reading.warn(variables.previousSecret, problem, 'Unset it once the tokens of that time have expired.');
  }
}

/** A token's issuer and key decide by whose rules it is judged, so people's and machines' must not be the same. */
export function checkTokenSeparation(
  values: TokenValues,
  machineIssuer: string | null,
  users: { issuers: readonly string[]; isSecret: (secret: string | null) => boolean },
  reading: Reading,
): void {
  for (const key of ['secret', 'previousSecret'] as const) {
    if (!users.isSecret(values[key])) continue;
    const problem =
      'is the same as SUPABASE_JWT_SECRET, so that user and machine tokens could pass for each other.';
    reading.fault(variables[key], problem, `Set it to ${variables.secret.parser.form}.`);
  }
  if (machineIssuer !== null && users.issuers.includes(machineIssuer)) {
    const problem = `would be ${machineIssuer}, which is the issuer of user tokens.`;
    reading.fault(variables.issuer, problem, 'Give machine tokens an issuer of their own.');
  }
}

/**
 * The shared secret stays among the openers after ENCRYPTION_KEY is set: what it sealed must still open. HKDF takes
 * input of any length, so the secret's bytes stand beside whole keys.
 */
export function assembleEncryptionKeys(values: TokenValues, reading: Reading): EncryptionKeys {
  const fromSecret = (secret: string | null) => (secret === null ? [] : [Buffer.from(secret, 'utf8')]);
  const [derived] = fromSecret(values.secret);
  const previous = [...(values.previousEncryptionKeys ?? []), ...fromSecret(values.previousSecret)];
  if (values.encryptionKey !== null) {
    return {
      source: 'environment',
      current: values.encryptionKey,
      previous: [...previous, ...fromSecret(values.secret)],
    };
  }
  if (derived !== undefined) return { source: 'derived', current: derived, previous };
  if (reading.isProduction && !reading.isFaulty(variables.secret)) {
    const form = variables.encryptionKey.parser.form;
    const remedy = `Set it to ${form}; or set M2M_JWT_SECRET_KEY, from which it is derived.`;
    reading.missing(variables.encryptionKey, remedy);
  }
  return { source: 'generate', current: null, previous };
}
