import type { Config } from './config.ts';
import type { Setting } from './reading.ts';

/** Every variable with what it came to and where that came from. Of a secret: only that it is set, and its length class. */
export function describeConfig(config: Config): readonly Setting[] {
  const effective = effectiveDefaults(config);
  return config.settings.map((setting) => {
    const value = setting.source === 'default' ? effective[setting.name] : undefined;
    return value === undefined ? setting : { ...setting, value };
  });
}

/** Defaults that depend on other variables. */
function effectiveDefaults(config: Config): Readonly<Record<string, string>> {
  const { identity, tokens, encryption, server } = config;
  const needsPublicUrl = '(not set: PUBLIC_URL is missing)';
  const keys = {
    environment: '(not set)',
    derived: 'derived from M2M_JWT_SECRET_KEY',
    generate: 'generated once, kept in secrets.json of DATA_DIR',
  };
  return {
    PUBLIC_URL: server.publicUrl ?? '(not set)',
    DATA_DIR: config.dataDirectory,
    IDENTITY: identity.kind,
    DATABASE: config.database.kind,
    M2M_JWT_ALGORITHM: tokens.algorithm,
    M2M_JWT_ISSUER: tokens.issuer ?? needsPublicUrl,
    ENCRYPTION_KEY: keys[encryption.keys.source],
    ...(identity.kind === 'supabase' ? { SUPABASE_JWT_ISSUER: identity.jwtIssuers.join(',') } : {}),
    ...(config.smtp === null ? {} : { SMTP_TLS: config.smtp.tls }),
  };
}
