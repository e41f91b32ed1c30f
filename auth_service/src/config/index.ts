/**
 * config: what the service was told. Owns the schema of every environment variable, its rules and its documents, and
 * the secrets that are generated when none are given. The only room that reads the environment.
 * Uses nothing of ours. It opens no connection, logs nothing and derives no key: faults and warnings are returned, and
 * key material is handed on as it was found.
 */
export type {
  Config,
  DatabaseConfig,
  EncryptionKeys,
  IdentityConfig,
  LoggingLevel,
  RedirectsConfig,
  RedisConfig,
  RedisNode,
  ServerConfig,
  SmtpConfig,
  SocialProvider,
  TelemetryConfig,
  TokenAlgorithm,
  TokensConfig,
} from './config.ts';
export { ConfigError, type ConfigFault } from './config-error.ts';
export { describeConfig } from './describe.ts';
export { type ListeningAddress, readListeningAddress } from './listening-address.ts';
export { type LoadOptions, loadConfig, VERSION } from './load.ts';
export { type RateLimit, readRateLimit } from './parsers/rate-limit.ts';
export type { Setting } from './reading.ts';
export { renderConfigurationDocs } from './render-docs.ts';
export { renderEnvironmentExample } from './render-example.ts';
export { type GeneratedSecrets, readOrCreateSecrets } from './secrets-file.ts';
export { VARIABLES, type VariableDoc } from './sections.ts';
export type { Environment } from './variable.ts';
