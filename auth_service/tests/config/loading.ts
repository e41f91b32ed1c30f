import assert from 'node:assert/strict';
import { type Config, ConfigError, type ConfigFault, type LoadOptions, loadConfig } from '#config';

export type Texts = Record<string, string | undefined>;

/** The least that production starts with and has nothing to warn about. */
export const PRODUCTION: Texts = {
  ENVIRONMENT: 'production',
  SUPABASE_URL: 'https://supabase.example.com',
  SUPABASE_ANON_KEY: 'sb_publishable_k2jd93kd0',
  SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_9f3kd02kd93',
  AUTH_SERVICE_DATABASE_URL: 'postgresql://auth:j3kd9Kd0sl@db.example.com:5432/auth',
  REDIS_URL: 'redis://redis:6379/0',
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  PUBLIC_URL: 'https://auth.example.com',
};

export function production(changes: Texts = {}, options?: LoadOptions): Config {
  return loadConfig({ ...PRODUCTION, ...changes }, options);
}

export function errorOf(texts: Texts, options?: LoadOptions): ConfigError {
  try {
    loadConfig(texts, options);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  assert.fail('the configuration was accepted');
}

export function faultsOf(texts: Texts, options?: LoadOptions): readonly ConfigFault[] {
  return errorOf(texts, options).faults;
}

export function productionFaults(changes: Texts): readonly ConfigFault[] {
  return faultsOf({ ...PRODUCTION, ...changes });
}

export function names(faults: readonly ConfigFault[]): string[] {
  return faults.map((fault) => fault.variable);
}

/** Asserts that exactly one thing is wrong, with this variable and in these words. */
export function assertOneFault(faults: readonly ConfigFault[], variable: string, problem: RegExp): void {
  assert.deepEqual(names(faults), [variable]);
  assert.match(faults[0]?.problem ?? '', problem);
  assert.notEqual(faults[0]?.remedy, '');
}

export function warned(config: Config): string[] {
  return names(config.warnings);
}
