import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, describe } from 'node:test';
import { openStorage } from '#storage';
import { type Backend, skipReason } from '../support/databases.ts';
import { createEmbeddedFolder } from '../support/embedded-databases.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { createRecordingLogger } from '../support/recording-logger.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import type { Environment } from './command-line.ts';

export interface EnvironmentOptions {
  readonly migrated?: boolean;
  /** The embedded database is held open, as a running server does, so that commands take its socket. */
  readonly held?: boolean;
}

/** An environment that stands on a database of its own. */
export type OpenEnvironment = (options?: EnvironmentOptions) => Promise<Environment>;

/** A suite on PGlite and the same on PostgreSQL; the databases are removed behind it. */
export function describeOnEachEnvironment(name: string, define: (open: OpenEnvironment) => void): void {
  for (const backend of ['embedded', 'postgres'] as const) describeOn(backend, name, define);
}

export function describeOn(backend: Backend, name: string, define: (open: OpenEnvironment) => void): void {
  const reason = skipReason(backend);
  describe(`${name} [${backend}]`, reason === null ? {} : { skip: reason }, () => {
    const cleanups: (() => Promise<void>)[] = [];
    after(async () => {
      for (const cleanup of cleanups) await cleanup();
    });
    define(async ({ migrated = true, held = false } = {}) => {
      const { env, remove } = await (backend === 'embedded' ? embedded(migrated, held) : postgres(migrated));
      cleanups.push(remove);
      return { ENVIRONMENT: 'testing', ...env };
    });
  });
}

async function embedded(migrated: boolean, held: boolean) {
  const directory = await createEmbeddedFolder({ migrated });
  const logger = createRecordingLogger();
  const holder = held
    ? await openStorage({ database: { kind: 'embedded', directory }, logger, now: () => new Date() })
    : null;
  const folder = dirname(directory);
  return {
    env: { DATA_DIR: folder },
    remove: async () => {
      await holder?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function postgres(migrated: boolean) {
  const { config, drop } = await createPostgresDatabase({ migrated });
  return { env: { DATABASE_URL: config.url, DATA_DIR: temporaryDirectory('cli') }, remove: drop };
}
