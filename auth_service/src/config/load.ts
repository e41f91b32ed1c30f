import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };
import type { Config, IdentityConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { type EnvironmentTexts, lookUp, type ReadFile } from './lookup.ts';
import { createReading, type Reading } from './reading.ts';
import { administratorSection, assembleAdministrator } from './sections/administrator.ts';
import { backupSection } from './sections/backup.ts';
import { assembleDatabase, assembleRedis, databaseSection, redisSection } from './sections/database.ts';
import { assembleIdentity, identitySection, userTokenMarks } from './sections/identity.ts';
import { assembleSmtp, mailSection } from './sections/mail.ts';
import { assembleMetrics, assembleTelemetry, operationsSection } from './sections/operations.ts';
import { assembleRateLimits, rateLimitsSection } from './sections/rate-limits.ts';
import { assembleRedirects, redirectsSection } from './sections/redirects.ts';
import {
  assembleServer,
  checkScale,
  environmentVariable,
  resolveDataDirectory,
  serviceSection,
} from './sections/service.ts';
import { assembleSocialProviders, socialLoginSection } from './sections/social-login.ts';
import {
  assembleEncryptionKeys,
  assembleTokens,
  checkTokenSeparation,
  tokensSection,
} from './sections/tokens.ts';
import { findUnknownVariables } from './unknown-variables.ts';
import { ENVIRONMENTS, type Environment } from './variable.ts';

/** Of the product, as released. */
export const VERSION: string = packageFile.version;

export interface LoadOptions {
  /** Reads the mounted secrets of NAME_FILE. */
  readonly readFile?: ReadFile;
  /** Where a relative DATA_DIR starts. */
  readonly repositoryRoot?: string;
}

const REPOSITORY_ROOT = resolve(import.meta.dirname, '../../..');

/**
 * The checked configuration of an environment. Reads nothing but the files that NAME_FILE names.
 * @throws ConfigError with every fault at once
 */
export function loadConfig(texts: EnvironmentTexts = process.env, options: LoadOptions = {}): Config {
  const readFile = options.readFile ?? ((path) => readFileSync(path, 'utf8'));
  const reading = createReading(texts, readFile, guessEnvironment(texts, readFile));
  const config = assemble(reading, texts, options.repositoryRoot ?? REPOSITORY_ROOT);
  if (config === null || reading.faults.length > 0) throw new ConfigError(reading.faults);
  return deepFreeze(config);
}

/** A name that is no environment is a fault; the rest is judged by the rules that were probably meant. */
export function guessEnvironment(texts: EnvironmentTexts, readFile: ReadFile): Environment {
  const found = lookUp(environmentVariable, texts, readFile);
  if (found.kind === 'unset') return 'development';
  const start = found.kind === 'text' ? found.text.slice(0, 3).toLowerCase() : '';
  return ENVIRONMENTS.find((each) => start !== '' && each.startsWith(start)) ?? 'production';
}

/** In the order of the documents, which is that of `config print` too. */
function readSections(reading: Reading) {
  return {
    service: reading.readSection(serviceSection),
    identity: reading.readSection(identitySection),
    database: reading.readSection(databaseSection),
    redis: reading.readSection(redisSection),
    tokens: reading.readSection(tokensSection),
    administrator: reading.readSection(administratorSection),
    rateLimits: reading.readSection(rateLimitsSection),
    redirects: reading.readSection(redirectsSection),
    socialLogin: reading.readSection(socialLoginSection),
    mail: reading.readSection(mailSection),
    operations: reading.readSection(operationsSection),
    backup: reading.readSection(backupSection),
  };
}
type SectionValues = ReturnType<typeof readSections>;

/** null where a fault left a part without its value. */
function assemble(reading: Reading, texts: EnvironmentTexts, repositoryRoot: string): Config | null {
  const values = readSections(reading);
  const server = assembleServer(values.service, reading);
  const identity = assembleIdentity(values.identity, reading);
  const { database, ...stores } = assembleStores(values, repositoryRoot, reading);
  const rest = {
    ...assembleKeys(values, identity, server.publicUrl, reading),
    initialAdmin: assembleAdministrator(values.administrator, identity, reading),
    rateLimits: assembleRateLimits(values.rateLimits, reading),
    redirects: assembleRedirects(values.redirects, reading),
    socialProviders: assembleSocialProviders(values.socialLogin, texts, reading),
    smtp: assembleSmtp(values.mail, identity, reading),
    metrics: assembleMetrics(values.operations, server.port, reading),
    telemetry: assembleTelemetry(values.operations),
    backup: { passphrase: values.backup.passphrase },
  };
  if (identity === null || database === null) return null;
  return {
    environment: reading.environment,
    isProduction: reading.isProduction,
    version: VERSION,
    logging: { level: values.service.loggingLevel },
    shutdownDelaySeconds: values.service.shutdownDelaySeconds,
    server,
    identity,
    database,
    ...stores,
    ...rest,
    warnings: [...reading.warnings, ...findUnknownVariables(texts)],
    settings: reading.settings,
  };
}

function assembleStores(values: SectionValues, repositoryRoot: string, reading: Reading) {
  const dataDirectory = resolveDataDirectory(values.service, repositoryRoot);
  const database = assembleDatabase(values.database, dataDirectory, reading);
  const redis = assembleRedis(values.redis, reading);
  const parts = {
    databaseKind: database?.kind ?? null,
    hasRedis: redis !== null,
    isRedisFaulty: reading.isFaulty(redisSection.variables.url),
  };
  checkScale(values.service, parts, reading);
  const { migrateOnStart } = values.database;
  return {
    dataDirectory,
    database,
    migrateOnStart,
    redis,
    cacheStaleSeconds: values.redis.cacheStaleSeconds,
  };
}

function assembleKeys(
  values: SectionValues,
  identity: IdentityConfig | null,
  publicUrl: string | null,
  reading: Reading,
) {
  const tokens = assembleTokens(values.tokens, publicUrl, reading);
  const users = userTokenMarks(values.identity, identity, publicUrl);
  checkTokenSeparation(values.tokens, tokens.issuer, users, reading);
  return { tokens, encryption: { keys: assembleEncryptionKeys(values.tokens, reading) } };
}

/** Buffers stay as they are: JavaScript cannot freeze them. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const each of Object.values(value)) deepFreeze(each);
  return Object.freeze(value);
}
