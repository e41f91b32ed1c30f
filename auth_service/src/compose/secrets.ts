import { type Config, readOrCreateSecrets } from '#config';
import { createSealer, deriveKey, hmacSha256, type Sealer, systemRandom } from '#crypto';

export interface Secrets {
  /** One key a purpose, all from the one encryption key. */
  sealer(purpose: string): Sealer;
  /** A keyed hash that keeps e-mail addresses out of counters. */
  hashEmail(email: string): string;
}

/**
 * In development the generated key stays readable beside a configured one, so that the first variable a newcomer sets
 * does not lock out what the first start has sealed.
 */
export function openSecrets(config: Config): Secrets {
  const { current, previous } = config.encryption.keys;
  const generated = config.isProduction ? [] : [readOrCreateSecrets(config.dataDirectory).encryptionKey];
  const [master, ...older] = [...(current === null ? [] : [current]), ...generated, ...previous];
  if (master === undefined) throw new TypeError('no encryption key is configured');
  const emailKey = deriveKey(master, 'rate-limit-email');
  return {
    sealer: (purpose) => createSealer({ purpose, master, previous: older, random: systemRandom }),
    hashEmail: (email) => hmacSha256(emailKey, email).toString('base64url'),
  };
}
